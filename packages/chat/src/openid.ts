/** Sign-in with OpenID Connect, for others than the chat's people: `@earshot/chat/openid`. */
export { type FoundServers, openIdProvider } from './identity/providers/openid.ts';
export { type Attempt, type Provider, ProviderError } from './identity/providers/provider.ts';
