import type { LauncherWords } from './launcher.ts';

type Words = readonly [
  open: string,
  close: string,
  unread: string,
  policy: string,
  network: string,
  retry: string,
];

const languages: Readonly<Record<string, Words>> = {
  en: [
    'Open chat',
    'Close chat',
    '{n} unread',
    'This page’s security policy does not let the chat load.',
    'The chat could not be loaded. Check your connection.',
    'Try again',
  ],
  de: [
    'Chat öffnen',
    'Chat schließen',
    '{n} ungelesen',
    'Die Sicherheitsregeln dieser Seite lassen den Chat nicht laden.',
    'Der Chat konnte nicht geladen werden. Prüfe deine Verbindung.',
    'Noch einmal versuchen',
  ],
  fr: [
    'Ouvrir le chat',
    'Fermer le chat',
    '{n} non lus',
    'La politique de sécurité de cette page empêche le chargement du chat.',
    'Le chat n’a pas pu être chargé. Vérifiez votre connexion.',
    'Réessayer',
  ],
  es: [
    'Abrir el chat',
    'Cerrar el chat',
    '{n} sin leer',
    'La política de seguridad de esta página no deja cargar el chat.',
    'No se pudo cargar el chat. Comprueba tu conexión.',
    'Reintentar',
  ],
  ar: [
    'فتح الدردشة',
    'إغلاق الدردشة',
    '{n} غير مقروءة',
    'سياسة أمان هذه الصفحة تمنع تحميل الدردشة.',
    'تعذّر تحميل الدردشة. تحقّق من اتصالك.',
    'إعادة المحاولة',
  ],
};

/** @param locale a language tag; a language that is not there is answered in English */
export function launcherWords(locale: string): LauncherWords {
  const language = locale.toLowerCase().split('-')[0] ?? '';
  const [open, close, unread, policy, network, retry] = (
    Object.hasOwn(languages, language) ? languages[language] : languages.en
  ) as Words;
  return { open, close, unread, policy, network, retry };
}
