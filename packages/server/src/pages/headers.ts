import { secureHeaders } from 'hono/secure-headers';

/** What a page of the operators may do: its own files and requests to this server, and no code or HTML out of texts. */
export function operatorPageHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // Whether a host name is for https only, and for how long, is its owner's to say.
    strictTransportSecurity: false,
    overwrite: false,
  });
}
