import { refuse } from '../refusal.ts';

const longest = 2_048;
/** Parameters that say how somebody came to a page, not which page it is. */
const tracking =
  /^(utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|yclid|igshid|igsh|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi|oly_anon_id|oly_enc_id|vero_id|wickedid|srsltid|ttclid|li_fat_id)$/i;

const extension = /^(chrome|moz|safari-web)-extension:\/\//;

/** A page, as its room knows it. */
export interface PageAddress {
  /** The same for every way to write the address of one page. */
  readonly canonical: string;
  /** What the room is called unless the page says something else: never the parameters, which may be private. */
  readonly title: string;
}

/**
 * The page that a request says it comes from. The origin must be the one that the browser vouches for, so that nobody gives
 * a room to a page of somebody else.
 *
 * @param origin the request's `Origin`; null when it has none
 * @throws Refusal
 */
export function pageAddress(text: string, origin: string | null): PageAddress {
  const url = text.length <= longest ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return refuse('bad_request', {
      field: 'url',
      message: `Expected the address of a page, http or https, at most ${longest} characters.`,
    });
  }
  if (origin === null || url.origin !== origin.toLowerCase()) {
    return refuse('origin_refused', {
      field: 'url',
      message: 'The page’s address has another origin than the request. Send the address of the page itself.',
    });
  }
  for (const name of new Set(url.searchParams.keys())) if (tracking.test(name)) url.searchParams.delete(name);
  url.searchParams.sort();
  const path = url.pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  const query = url.searchParams.toString();
  return {
    canonical: `${url.origin}${path}${query === '' ? '' : `?${query}`}`,
    title: `${url.host}${path === '/' ? '' : path}`,
  };
}

/**
 * The origin that counts for a page's address. A page vouches for its own; our own frame (`mode: 'iframe'`) and browser
 * extensions, which ask from an origin of theirs, say truthfully which page they are on.
 *
 * @param ownHost host and port that the request was sent to
 */
export function vouchedOrigin(origin: string | null, ownHost: string, url: string): string | null {
  if (origin === null) return null;
  const mayVouch = URL.parse(origin)?.host === ownHost.toLowerCase() || extension.test(origin);
  return (mayVouch ? URL.parse(url)?.origin : null) ?? origin;
}
