import { timingSafeEqual } from 'node:crypto';
import { isLoopback } from './client.ts';

/** Serves `/healthz`, `/readyz` and `/metrics`. */
export interface HealthParts {
  readonly isReady: () => boolean;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Without one, `/metrics` answers on loopback only. */
  readonly metricsToken: string | null;
}

/** @param address the client's own; @returns null for other paths */
export async function health(
  parts: HealthParts,
  path: string,
  headers: Headers,
  address: string,
): Promise<Response | null> {
  switch (path) {
    case '/healthz':
      return new Response('ok\n');
    case '/readyz':
      return parts.isReady() ? new Response('ready\n') : new Response('not ready\n', { status: 503 });
    case '/metrics':
      if (!mayRead(parts.metricsToken, headers, address)) {
        const message =
          parts.metricsToken === null
            ? 'Metrics are shown on loopback only. Set EARSHOT_METRICS_TOKEN to read them from elsewhere.\n'
            : 'Expected the header "Authorization: Bearer" with the value of EARSHOT_METRICS_TOKEN.\n';
        return new Response(message, { status: 403 });
      }
      return new Response(await parts.metrics.text(), {
        headers: { 'Content-Type': parts.metrics.contentType },
      });
    default:
      return null;
  }
}

function mayRead(token: string | null, headers: Headers, address: string): boolean {
  // A proxy on this machine makes everybody look local, so nothing that was forwarded counts as local.
  if (token === null) return isLoopback(address) && !headers.has('x-forwarded-for');
  const given = Buffer.from(headers.get('authorization') ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
