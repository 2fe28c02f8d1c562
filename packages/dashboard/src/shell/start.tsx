import { render } from 'preact';
import { createApi, type Fetch } from '../client/api.ts';
import { Link, type Network } from '../client/link.ts';
import { App } from './app.tsx';
import { Door } from './door.ts';
import { Router } from './router.ts';

export interface StartOptions {
  readonly fetch: Fetch;
  /** What is in front of `/dashboard`: '' or begins with a slash. */
  readonly prefix: string;
  readonly network: Network;
}

/** Shows the dashboard in `root`. */
export function start(root: Element, { fetch, prefix, network }: StartOptions): void {
  const link = new Link(network);
  const api = createApi({ fetch, prefix, link, onSignedOut: () => door.signedOut() });
  const door = new Door(api);
  const router = new Router(`${prefix}/dashboard`);
  render(<App api={api} link={link} door={door} router={router} />, root);
  void door.open();
}
