import type { ChatApp } from '../../apps.ts';
import type { ChatConfig } from '../../contract/index.ts';
import type { Core } from '../../core/core.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { refuse } from '../../refusal.ts';
import type { Sealing } from '../sealing.ts';
import { type GithubAddresses, githubProvider } from './github.ts';
import { mastodonProvider, mastodonServer } from './mastodon.ts';
import { type FoundServers, openIdProvider } from './openid.ts';
import type { Provider } from './provider.ts';

export type ProviderKind = ChatConfig['providers'][number]['kind'];

export interface ProvidersOptions {
  readonly core: Core;
  readonly outbound: Outbound;
  readonly sealing: Sealing;
  /** Kinds whose contacts can be imported. */
  readonly importers: ReadonlySet<ProviderKind>;
  /** Where the well-known ones are, for tests and for servers of one's own. */
  readonly addresses?: {
    readonly github?: GithubAddresses;
    readonly google?: string;
    readonly mastodon?: (server: string) => string;
  };
}

/** The providers that apps offer, as their settings say. */
export class Providers {
  readonly #options: ProvidersOptions;
  readonly #found: FoundServers = new Map();

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  /** What the widget offers. The id of a provider is its kind: an app has one of each. */
  offered({ settings }: ChatApp): ChatConfig['providers'] {
    const names: Partial<Record<ProviderKind, string>> = {
      ...(settings.chatOidcIssuer !== null && settings.chatOidcClientId !== null
        ? { oidc: settings.chatOidcName }
        : {}),
      ...(settings.chatGithubClientId !== null && settings.chatGithubClientSecret !== null
        ? { github: 'GitHub' }
        : {}),
      ...(settings.chatGoogleClientId !== null && settings.chatGoogleClientSecret !== null
        ? { google: 'Google' }
        : {}),
      ...(settings.chatMastodon ? { mastodon: 'Mastodon' } : {}),
    };
    return Object.entries(names).map(([id, name]) => {
      const kind = id as ProviderKind;
      return { id, name, kind, importsContacts: this.importsContacts(kind) };
    });
  }

  importsContacts(kind: string): boolean {
    return this.#options.importers.has(kind as ProviderKind);
  }

  /**
   * @param server of Mastodon, as the person typed it
   * @returns the provider, and the server's name ('' where there is one server)
   * @throws Refusal for one that the app does not offer, or a server that cannot be one
   */
  find(app: ChatApp, id: string, server: string): { readonly provider: Provider; readonly server: string } {
    const kind = this.offered(app).find((one) => one.id === id)?.kind;
    const { settings } = app;
    const { core, outbound, sealing, addresses } = this.#options;
    const { clock } = core;
    const open = { outbound, clock, found: this.#found };
    switch (kind) {
      case 'oidc': {
        const client = { id: settings.chatOidcClientId ?? '', secret: settings.chatOidcClientSecret };
        const issuer = settings.chatOidcIssuer ?? '';
        return {
          provider: openIdProvider({ ...open, name: settings.chatOidcName, issuer, client }),
          server: '',
        };
      }
      case 'google': {
        const client = { id: settings.chatGoogleClientId ?? '', secret: settings.chatGoogleClientSecret };
        const issuer = addresses?.google ?? 'https://accounts.google.com';
        return { provider: openIdProvider({ ...open, name: 'Google', issuer, client }), server: '' };
      }
      case 'github': {
        const client = { id: settings.chatGithubClientId ?? '', secret: settings.chatGithubClientSecret };
        return { provider: githubProvider(outbound, client, addresses?.github), server: '' };
      }
      case 'mastodon': {
        const name = mastodonServer(server);
        if (name === null) {
          refuse('bad_request', {
            field: 'server',
            message: 'Expected the name of a Mastodon server, such as mastodon.social.',
          });
        }
        const address = addresses?.mastodon?.(name) ?? `https://${name}`;
        const provider = mastodonProvider({ core, outbound, sealing, appId: app.id, server: name, address });
        return { provider, server: name };
      }
      case undefined:
        refuse('bad_request', { field: 'provider', message: 'This chat does not offer that provider.' });
    }
  }
}
