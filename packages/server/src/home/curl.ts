import { tryChannel, tryEvent } from '@earshot/home';
import { apiClockToleranceSeconds } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import { signRequest } from '../apps/auth.ts';

/** A signature counts while its age in whole seconds is less than the tolerance. */
export const curlValidSeconds = apiClockToleranceSeconds - 1;

/** One signed publish as a line for a shell. `base` is the server's address without a slash at its end. */
export function curlLine(app: App, base: string, nowSeconds: number): string {
  const data = JSON.stringify({ message: 'Hello from curl' });
  const body = JSON.stringify({ name: tryEvent, channel: tryChannel, data });
  const path = `/apps/${app.id}/events`;
  const query = signRequest({ key: app.oldestKey, method: 'POST', path, body, nowSeconds });
  return [
    `curl ${quoted(`${base}${path}?${query}`)}`,
    `-H ${quoted('Content-Type: application/json')}`,
    `-d ${quoted(body)}`,
  ].join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
