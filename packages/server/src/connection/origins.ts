/**
 * Whether a client with this `Origin` header may connect (CONN-13).
 *
 * @param allowed entries of the app's list: `https://example.com`, `example.com` (any scheme and port) or
 *   `*.example.com` (its subdomains); an empty list allows all
 * @param origin null from clients that send none: they are no browser, so no page can misuse them
 */
export function originAllowed(allowed: readonly string[], origin: string | null): boolean {
  if (allowed.length === 0 || origin === null) return true;
  const lowered = origin.toLowerCase();
  const host = hostOf(lowered);
  return allowed.some((entry) => {
    const wanted = entry.toLowerCase();
    if (wanted === '*' || wanted === lowered) return true;
    if (host === null || wanted.includes('://')) return false;
    return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted;
  });
}

function hostOf(origin: string): string | null {
  return URL.parse(origin)?.hostname ?? null;
}
