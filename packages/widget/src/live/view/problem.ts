import type { Problem } from '../../store/problem.ts';
import type { LiveTranslator } from './texts/load.ts';

/** What went wrong, in words that say what to do. */
export function problemWords(t: LiveTranslator, { code, retryAfterSeconds = 0 }: Problem): string {
  switch (code) {
    case 'network':
    case 'blocked_by_page':
      return t('problemNetwork');
    case 'too_many_requests':
      return retryAfterSeconds > 0
        ? t('problemTooFastIn', { n: Math.ceil(retryAfterSeconds) })
        : t('problemTooFast');
    case 'forbidden':
      return t('problemNoLive');
    case 'chat_off':
      return t('problemNoApp');
    case 'origin_refused':
      return t('problemOrigin');
    case 'unsupported':
      return t('problemUnsupported');
    default:
      return t('problemOther');
  }
}
