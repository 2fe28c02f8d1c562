/** All tables of the chat. Each part owns its own and their migrations, in its `tables.ts`; names begin with `chat_`. */
// biome-ignore lint/complexity/noBannedTypes: parts add theirs with `&`
export type ChatTables = {};
