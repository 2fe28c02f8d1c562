import { closeCodes, errorCodes } from '@earshot/protocol';

const explained = new Map<number, string>([
  [
    closeCodes.tlsOnly.code,
    'This app takes connections over TLS only. Open this page by https, or set EARSHOT_APP_TLS_ONLY=false.',
  ],
  [closeCodes.unknownApp.code, 'The app’s key has changed. Reload this page.'],
  [closeCodes.appDisabled.code, 'This app is switched off. Set EARSHOT_APP_ENABLED=true to switch it on.'],
  [
    closeCodes.overConnectionQuota.code,
    'This app has as many connections as it may have. Close some, or raise EARSHOT_APP_CONNECTIONS.',
  ],
  [
    closeCodes.unauthorised.code,
    'This app does not let this page connect. Add the page’s address to EARSHOT_APP_ORIGINS.',
  ],
]);

/** Why the server closed the connection and what to do; null for codes that pusher-js answers by coming back. */
export function closeProblem(code: number, reason: string): string | null {
  if (code >= closeCodes.overCapacity.code || code < closeCodes.tlsOnly.code) return null;
  return explained.get(code) ?? `The server closed this connection: ${reason || `code ${code}`}.`;
}

/** What a `pusher:error` on the live connection means for someone who has just sent a line. */
export function errorProblem(code: number | null, message: string, perSecond: number): string {
  if (code !== errorCodes.clientEventRate.code) return `The server refused that: ${message}`;
  return `That was too fast: this app lets a connection send ${perSecond} lines a second. The last one was dropped.`;
}
