// The official MCP client's half of OAuth, with its memory open to the test.
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';

export interface SdkClient {
  readonly provider: OAuthClientProvider;
  /** Where the person was last sent. */
  sentTo(): URL;
  tokens(): OAuthTokens;
}

export const CALLBACK = 'http://127.0.0.1:33418/callback';

export function createSdkClient(callback = CALLBACK): SdkClient {
  let information: OAuthClientInformationMixed | undefined;
  let tokens: OAuthTokens | undefined;
  let verifier = '';
  let sentTo: URL | undefined;
  const provider: OAuthClientProvider = {
    redirectUrl: callback,
    clientMetadata: { client_name: 'a test', redirect_uris: [callback] },
    state: () => 'the state',
    clientInformation: () => information,
    saveClientInformation: (given) => {
      information = given;
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given;
    },
    redirectToAuthorization: (url) => {
      sentTo = url;
    },
    saveCodeVerifier: (given) => {
      verifier = given;
    },
    codeVerifier: () => verifier,
  };
  return {
    provider,
    sentTo() {
      if (sentTo === undefined) throw new Error('the person was sent nowhere');
      return sentTo;
    },
    tokens() {
      if (tokens === undefined) throw new Error('there are no tokens');
      return tokens;
    },
  };
}
