const quotesWhatWasSigned = /^(Invalid signature|Invalid key in \w+ auth data)[:;].*$/s;

/**
 * A refusal's text as the console may show it. Those of signatures quote what was sent, `channel_data` and keys included:
 * the client gets that back, who looks on does not.
 */
export function withoutSecrets(message: string): string {
  return message.trim().replace(quotesWhatWasSigned, '$1');
}
