export interface SiteOptions {
  readonly chat: string;
  readonly appId: string;
  readonly appKey: string;
  readonly chatSecret: string;
  readonly port?: number;
  readonly worker?: boolean;
  readonly attributes?: Record<string, string>;
}

export function createSite(options: SiteOptions): Promise<{ address: string; stop(): Promise<void> }>;
