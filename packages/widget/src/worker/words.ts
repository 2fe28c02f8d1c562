/** What a notification says besides names and text. A worker has no other texts at hand. */
export interface NotificationWords {
  readonly message: string;
  readonly invitation: string;
  readonly works: string;
}

const languages = new Map<string, NotificationWords>([
  ['en', { message: 'New message', invitation: 'Wants to chat with you', works: 'Notifications work here.' }],
  [
    'de',
    {
      message: 'Neue Nachricht',
      invitation: 'Möchte mit dir chatten',
      works: 'Benachrichtigungen funktionieren hier.',
    },
  ],
  [
    'fr',
    {
      message: 'Nouveau message',
      invitation: 'Souhaite discuter avec vous',
      works: 'Les notifications fonctionnent ici.',
    },
  ],
  [
    'es',
    {
      message: 'Mensaje nuevo',
      invitation: 'Quiere chatear contigo',
      works: 'Las notificaciones funcionan aquí.',
    },
  ],
  ['ar', { message: 'رسالة جديدة', invitation: 'يريد الدردشة معك', works: 'الإشعارات تعمل هنا.' }],
]);

/** @param locale a language tag; a language that is not there is answered in English */
export function notificationWords(locale: string): NotificationWords {
  const found = languages.get(locale.slice(0, 2).toLowerCase()) ?? languages.get('en');
  return found as NotificationWords;
}
