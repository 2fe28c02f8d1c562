/**
 * Whether a client with this `Origin` header may connect (CONN-13).
 *
 * @param allowed the app's list, as `originPattern` made it: `https://example.com`, or `https://*.example.com` for
 *   every name below the domain; an empty list allows all
 * @param origin null from clients that send none: they are no browser, so no page can misuse them
 */
export function originAllowed(allowed: readonly string[], origin: string | null): boolean {
  if (allowed.length === 0 || origin === null) return true;
  const sent = origin.toLowerCase();
  return allowed.some((entry) => entry === sent || isBelow(entry, sent));
}

function isBelow(entry: string, origin: string): boolean {
  const wildcard = entry.indexOf('*.');
  if (wildcard === -1) return false;
  const scheme = entry.slice(0, wildcard);
  const domain = entry.slice(wildcard + 1);
  if (!origin.startsWith(scheme) || !origin.endsWith(domain)) return false;
  return /^[^/:@]+$/.test(origin.slice(scheme.length, -domain.length));
}
