/** Bounds that both sides keep. What the app can set is in its settings. */
export const limits = {
  nameCharacters: 40,
  textCharacters: 4_000,
  /** In UTF-8, so that a message with its frame fits an event. */
  textBytes: 6_000,
  topicCharacters: 300,
  titleCharacters: 80,
  roomNameCharacters: 40,
  excerptCharacters: 120,
  /** A message encoded for an event; a larger one is announced by `changed`. */
  eventBytes: 8_000,
  emojisPerMessage: 12,
  mentionsPerMessage: 20,
  attachmentsPerMessage: 6,
  historyPage: 50,
  /** Changes in one answer, and how many a client fetches in a row before it says that it is too much. */
  changesPage: 200,
  changesMax: 1_000,
  invitationSeconds: 60,
  openInvitations: 3,
  typingResendMs: 4_000,
  typingExpiresMs: 8_000,
  presenceGraceMs: 5_000,
  reportCharacters: 1_000,
  accessTokenSeconds: 600,
} as const;
