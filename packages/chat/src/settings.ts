import { boolean, matching, oneOf, optional, setting, type ValuesOf, wholeNumber } from '@earshot/base';

const secretText = matching(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters without blanks');
const httpsUrl = matching(
  /^https?:\/\/[^\s?#]+$/,
  'an address that begins with https:// (http:// for a test of one’s own)',
);

/** What can be set of an app's chat. Rows of the same table as all settings of apps (docs/configuration.md). */
export const chatSettings = {
  chat: setting({
    env: 'EARSHOT_APP_CHAT',
    kind: boolean,
    default: false,
    defaultText: '`true` for the first app, `false` for the others',
    doc: 'The app has a chat.',
  }),
  chatGuests: setting({
    env: 'EARSHOT_APP_CHAT_GUESTS',
    kind: boolean,
    default: true,
    doc: 'People may chat under a name of their own choice, marked as guests.',
  }),
  chatSecret: optional({
    env: 'EARSHOT_APP_CHAT_SECRET',
    kind: matching(/^[\x21-\x7e]{32,256}$/, '32 to 256 printable ASCII characters without blanks'),
    example: 'a-long-random-text-of-32-characters-or-more',
    defaultText: 'random on first start, kept in the database',
    doc: 'Signs the tokens by which the host site says who its users are (HS256). Not the app’s secret.',
    secret: true,
  }),
  chatDirect: setting({
    env: 'EARSHOT_APP_CHAT_DIRECT',
    kind: oneOf(['nobody', 'contacts', 'ask', 'open']),
    default: 'ask',
    doc: 'One-to-one conversations: nobody has them; contacts open them at once and others not at all; all have to ask; all open them at once.',
  }),
  chatAutoAccept: setting({
    env: 'EARSHOT_APP_CHAT_AUTO_ACCEPT',
    kind: boolean,
    default: false,
    doc: 'Where people have to ask, those who are each other’s contacts need not.',
  }),
  chatPageRooms: setting({
    env: 'EARSHOT_APP_CHAT_PAGE_ROOMS',
    kind: boolean,
    default: true,
    doc: 'Every page can have its own room, by its canonical address.',
  }),
  chatRoomCreation: setting({
    env: 'EARSHOT_APP_CHAT_ROOM_CREATION',
    kind: oneOf(['nobody', 'users', 'everyone']),
    default: 'users',
    doc: 'Who may create named rooms; `everyone` includes guests.',
  }),
  chatReceipts: setting({
    env: 'EARSHOT_APP_CHAT_RECEIPTS',
    kind: boolean,
    default: true,
    doc: 'People see how far the other one of a one-to-one conversation has read; each can switch it off for themselves.',
  }),
  chatRetentionDays: setting({
    env: 'EARSHOT_APP_CHAT_RETENTION_DAYS',
    kind: wholeNumber(0, 36_500, '0 = kept'),
    default: 0,
    doc: 'Messages older than this are deleted, unless the room says otherwise.',
  }),
  chatFiles: setting({
    env: 'EARSHOT_APP_CHAT_FILES',
    kind: boolean,
    default: true,
    doc: 'People may send pictures and files.',
  }),
  chatFilesGuests: setting({
    env: 'EARSHOT_APP_CHAT_FILES_GUESTS',
    kind: boolean,
    default: false,
    doc: 'Guests may send pictures and files, too.',
  }),
  chatFileBytes: setting({
    env: 'EARSHOT_APP_CHAT_FILE_BYTES',
    kind: wholeNumber(1_024, 104_857_600),
    default: 10 * 1024 * 1024,
    doc: 'Bytes of one file.',
  }),
  chatUserBytes: setting({
    env: 'EARSHOT_APP_CHAT_USER_BYTES',
    kind: wholeNumber(0, 1_099_511_627_776),
    default: 200 * 1024 * 1024,
    doc: 'Bytes of all files of one person.',
  }),
  chatMessagesPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 60,
    doc: 'Messages that one person may send in a minute; a long one counts more than once. Rooms can be slower (slow mode).',
  }),
  chatRoomMessagesPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 1_200,
    doc: 'Messages that all members together may send to one room in a minute.',
  }),
  chatRequestsPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 600,
    doc: 'Requests of one session in a minute; some cost more than one. All sessions of a person together have twice as many.',
  }),
  chatAddressRequestsPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 6_000,
    doc: 'Requests of one address in a minute, behind which may be a whole office.',
  }),
  chatSignInsPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 100,
    doc: 'Sign-ins and renewals of sessions of one address in a minute.',
  }),
  chatLivePeople: setting({
    env: 'EARSHOT_APP_CHAT_LIVE_PEOPLE',
    kind: wholeNumber(0, 16, '0 = no live rooms'),
    default: 8,
    doc: 'People in one live room, where words appear as they are typed and fade. 1 lets nobody talk.',
  }),
  chatLiveRoomsPerMinute: setting({
    env: 'EARSHOT_APP_CHAT_LIVE_ROOMS_PER_MINUTE',
    kind: wholeNumber(0, 1_000_000, '0 = no limit'),
    default: 20,
    doc: 'Live rooms that one address may start in a minute.',
  }),
  chatReportUrl: optional({
    env: 'EARSHOT_APP_CHAT_REPORT_URL',
    kind: httpsUrl,
    example: 'https://example.com/chat-reports',
    doc: 'Reports are posted there, signed like a webhook, besides being kept for moderators.',
  }),
  chatOidcIssuer: optional({
    env: 'EARSHOT_APP_CHAT_OIDC_ISSUER',
    kind: httpsUrl,
    example: 'https://login.example.com',
    doc: 'Sign-in with an OpenID Connect provider, found by discovery. Needs the client id, too.',
  }),
  chatOidcName: setting({
    env: 'EARSHOT_APP_CHAT_OIDC_NAME',
    kind: matching(/^[^\p{Cc}]{1,40}$/u, '1 to 40 characters without control characters'),
    default: 'Single sign-on',
    doc: 'What people call that provider.',
  }),
  chatOidcClientId: optional({
    env: 'EARSHOT_APP_CHAT_OIDC_CLIENT_ID',
    kind: secretText,
    example: 'earshot',
    doc: 'The client id that the provider gave.',
  }),
  chatOidcClientSecret: optional({
    env: 'EARSHOT_APP_CHAT_OIDC_CLIENT_SECRET',
    kind: secretText,
    example: 'what-the-provider-gave',
    doc: 'The client secret that the provider gave; none for a public client (PKCE is always used).',
    secret: true,
  }),
  chatGithubClientId: optional({
    env: 'EARSHOT_APP_CHAT_GITHUB_CLIENT_ID',
    kind: secretText,
    example: 'Iv1.0123456789abcdef',
    doc: 'Sign-in with GitHub: the client id of an OAuth app.',
  }),
  chatGithubClientSecret: optional({
    env: 'EARSHOT_APP_CHAT_GITHUB_CLIENT_SECRET',
    kind: secretText,
    example: 'what-GitHub-gave',
    doc: 'Its client secret.',
    secret: true,
  }),
  chatGoogleClientId: optional({
    env: 'EARSHOT_APP_CHAT_GOOGLE_CLIENT_ID',
    kind: secretText,
    example: '1234567890-abc.apps.googleusercontent.com',
    doc: 'Sign-in with Google: the client id of a web application.',
  }),
  chatGoogleClientSecret: optional({
    env: 'EARSHOT_APP_CHAT_GOOGLE_CLIENT_SECRET',
    kind: secretText,
    example: 'what-Google-gave',
    doc: 'Its client secret.',
    secret: true,
  }),
  chatMastodon: setting({
    env: 'EARSHOT_APP_CHAT_MASTODON',
    kind: boolean,
    default: false,
    doc: 'Sign-in with the Mastodon server that the person names; Earshot registers itself there.',
  }),
};

/** The chat settings of one app, each with a value. */
export type ChatSettings = ValuesOf<typeof chatSettings>;
