/** Hosts besides the server's own that its configuration names: a realtime host elsewhere. */
export class Reach {
  readonly hosts = new Set<string>();

  /** Takes it from the answer with the chat's public facts as it passes by. */
  learn(url: string, body: string): void {
    if (!new URL(url).pathname.endsWith('/chat/api/v1/config')) return;
    try {
      const { realtime } = JSON.parse(body) as { realtime?: { host?: unknown } };
      if (typeof realtime?.host === 'string') this.hosts.add(realtime.host.toLowerCase());
    } catch {
      // no configuration, so nothing is learnt
    }
  }
}

/** Whether a page's script may have this address: its server's, or that of the server's realtime host. */
export function mayReach(url: string, server: string, reach: Reach): boolean {
  if (!URL.canParse(url) || server === '') return false;
  const { protocol, host, hostname, pathname } = new URL(url);
  if (!/^(https?|wss?):$/.test(protocol)) return false;
  const own = new URL(server);
  const secure = protocol === 'https:' || protocol === 'wss:';
  if (own.protocol === 'https:' && !secure) return false;
  const below = `${own.pathname.replace(/\/$/, '')}/`;
  if (host === own.host && pathname.startsWith(below)) return true;
  return reach.hosts.has(hostname.toLowerCase());
}
