import { type CloseCode, closeCodes } from './errors.ts';

/** The protocol versions that are spoken. */
export type ProtocolVersion = 4 | 5 | 6 | 7;

const versionLengthMax = 64;
const subprotocolPrefix = 'pusher-channels-protocol-';

/**
 * Checks the query of `/app/{key}` (CONN-4 to CONN-6). Parameters other than `protocol` and `version` do not matter.
 */
export function checkHandshake(query: URLSearchParams): { protocol: ProtocolVersion } | { close: CloseCode } {
  const given = query.get('protocol');
  if (given === null || given === '') return { close: closeCodes.noProtocol };
  const protocol = protocolVersion(given);
  if (protocol === null) return { close: closeCodes.unsupportedProtocol };
  const version = query.get('version');
  if (version !== null && (version === '' || version.length > versionLengthMax)) {
    return { close: closeCodes.badVersion };
  }
  return { protocol };
}

function protocolVersion(text: string): ProtocolVersion | null {
  switch (text) {
    case '4':
      return 4;
    case '5':
      return 5;
    case '6':
      return 6;
    case '7':
      return 7;
    default:
      return null;
  }
}

/**
 * The first offered subprotocol that is ours, `pusher-channels-protocol-4` to `-7`, or null: then none is returned (CONN-15).
 * @param offered the header `Sec-WebSocket-Protocol`, null when there is none
 */
export function chooseSubprotocol(offered: string | null): string | null {
  if (offered === null) return null;
  for (const part of offered.split(',')) {
    const name = part.trim();
    if (
      name.startsWith(subprotocolPrefix) &&
      protocolVersion(name.slice(subprotocolPrefix.length)) !== null
    ) {
      return name;
    }
  }
  return null;
}
