import type { LauncherWords } from './launcher.ts';

/** A line a language: the launcher carries them all, so they are few. */
const languages = [
  'en|Open chat|Close chat|unread|The chat could not be loaded.|Try again',
  'de|Chat öffnen|Chat schließen|ungelesen|Der Chat konnte nicht geladen werden.|Noch einmal',
  'fr|Ouvrir le chat|Fermer le chat|non lus|Le chat n’a pas pu être chargé.|Réessayer',
  'es|Abrir el chat|Cerrar el chat|sin leer|No se pudo cargar el chat.|Reintentar',
  'ar|فتح الدردشة|إغلاق الدردشة|غير مقروءة|تعذّر تحميل الدردشة.|إعادة المحاولة',
];

/** @param locale a language tag; a language that is not there is answered in English */
export function launcherWords(locale: string): LauncherWords {
  const line = languages.find((words) => words.startsWith(`${locale.slice(0, 2).toLowerCase()}|`));
  const [, open = '', close = '', unread = '', failed = '', retry = ''] = (line ?? languages[0] ?? '').split(
    '|',
  );
  return { open, close, unread, failed, retry };
}
