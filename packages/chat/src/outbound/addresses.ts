import { isIP } from 'node:net';

/**
 * What an address is to a server that was told to call it by somebody else: `public`; `private` (this machine, this
 * network, or reserved), which whoever runs the server may allow; `never` (link-local, multicast, and where clouds tell
 * their machines' secrets).
 */
export type AddressClass = 'public' | 'private' | 'never';

/** The first row that holds an address decides. */
const ranges: readonly { readonly class: AddressClass; readonly of: readonly string[] }[] = [
  {
    class: 'never',
    of: [
      '169.254.0.0/16', // link-local, and the metadata of most clouds
      '100.100.100.200/32', // metadata: Alibaba
      '168.63.129.16/32', // metadata: Azure
      '192.0.0.192/32', // metadata: Oracle
      'fd00:ec2::254/128', // metadata: Amazon
      'fd20:ce::254/128', // metadata: Google
      '224.0.0.0/4',
      '240.0.0.0/4',
      'fe80::/10',
      'ff00::/8',
    ],
  },
  {
    class: 'private',
    of: [
      '0.0.0.0/8',
      '10.0.0.0/8',
      '100.64.0.0/10',
      '127.0.0.0/8',
      '172.16.0.0/12',
      '192.0.0.0/24',
      '192.0.2.0/24',
      '192.88.99.0/24',
      '192.168.0.0/16',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '::/96',
      '64:ff9b:1::/48',
      '100::/64',
      '2001::/23',
      '2001:db8::/32',
      '3fff::/20',
      '5f00::/16',
      'fc00::/7',
      'fec0::/10',
    ],
  },
];

/** IPv6 ranges that carry an IPv4 address, which is the one to judge, and the byte where it begins. */
const carriers: readonly { readonly range: string; readonly at: number }[] = [
  { range: '::ffff:0:0/96', at: 12 }, // mapped
  { range: '64:ff9b::/96', at: 12 }, // NAT64
  { range: '2002::/16', at: 2 }, // 6to4
];

interface Range {
  readonly network: readonly number[];
  readonly bits: number;
}

const rangesOfClass = ranges.map(({ class: found, of }) => ({ class: found, of: of.map(rangeOf) }));
const carrierRanges = carriers.map(({ range, at }) => ({ range: rangeOf(range), at }));

/** @param address as DNS gives it, or out of an URL without brackets; anything else is `never` */
export function classOf(address: string): AddressClass {
  const bytes = bytesOf(address);
  return bytes === null ? 'never' : classOfBytes(bytes);
}

function classOfBytes(bytes: readonly number[]): AddressClass {
  const carrier = carrierRanges.find(({ range }) => isWithin(bytes, range));
  if (carrier !== undefined) return classOfBytes(bytes.slice(carrier.at, carrier.at + 4));
  return rangesOfClass.find(({ of }) => of.some((range) => isWithin(bytes, range)))?.class ?? 'public';
}

function rangeOf(text: string): Range {
  const [network = '', bits = ''] = text.split('/');
  return { network: bytesOf(network) ?? [], bits: Number(bits) };
}

function isWithin(bytes: readonly number[], { network, bits }: Range): boolean {
  if (network.length !== bytes.length) return false;
  let left = bits;
  for (const [index, byte] of network.entries()) {
    const mask = left >= 8 ? 0xff : left <= 0 ? 0 : (0xff00 >> left) & 0xff;
    if (((bytes[index] ?? 0) & mask) !== (byte & mask)) return false;
    left -= 8;
  }
  return true;
}

/** 4 or 16 bytes; null for what is no address, or one that names an interface of this machine (`fe80::1%eth0`). */
function bytesOf(address: string): number[] | null {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return null;
  if (family === 4) return address.split('.').map(Number);
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (tail !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = (tail[2] ?? '').split('.').map(Number);
    return bytesOf(`${tail[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [before = '', after] = address.split('::');
  const head = groups(before);
  const end = after === undefined ? [] : groups(after);
  const gap = Array.from({ length: 8 - head.length - end.length }, () => 0);
  return [...head, ...gap, ...end].flatMap((group) => [group >> 8, group & 0xff]);
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
