// Does with openid-client what tests/clients/test_oauth.py wants. In, first line: { url, callback }. Out: { authorize }, where a
// person is to be sent. In, second line: where that one came back. Out: what came of everything.
const readline = require("node:readline");
const { webcrypto } = require("node:crypto");

globalThis.crypto ??= webcrypto; // which Node 18 has under another name

const refusal = async (promise) => {
  try {
    await promise;
    return "granted";
  } catch (error) {
    return error.error ?? `${error.code} ${error.status ?? error.cause?.message}`;
  }
};

const main = async () => {
  const client = await import("openid-client");
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { url, callback } = JSON.parse((await lines.next()).value);
  const plain = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
  const found = (id, secret, proof) => client.discovery(new URL(url), id, secret, proof, plain);
  const config = await found("your_client_id", "your_client_secret");
  const basic = await found("your_client_id", undefined, client.ClientSecretBasic("your_client_secret"));
  const wrong = await found("your_client_id", "wrong");

  const own = await client.clientCredentialsGrant(basic, { scope: "applications payments" });
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const authorize = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: "payments offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  console.log(JSON.stringify({ authorize: authorize.href }));

  const back = new URL((await lines.next()).value);
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const mixedUp = new URL(back);
  mixedUp.searchParams.set("iss", "https://evil.example");
  const guessed = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  const refused = {
    mixedUp: await refusal(client.authorizationCodeGrant(config, mixedUp, checks)),
    secret: await refusal(client.authorizationCodeGrant(wrong, back, checks)),
    verifier: await refusal(client.authorizationCodeGrant(config, back, guessed)),
  };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  const seen = await client.tokenIntrospection(config, next.access_token);
  await client.tokenRevocation(config, next.access_token);
  const gone = await client.tokenIntrospection(config, next.access_token);
  refused.refreshed = await refusal(client.refreshTokenGrant(config, tokens.refresh_token));
  refused.family = await refusal(client.refreshTokenGrant(config, next.refresh_token));
  refused.code = await refusal(client.authorizationCodeGrant(config, back, checks));
  console.log(JSON.stringify({ own, tokens, seen, gone, refused }));
};

main().then(() => process.exit(), (error) => {
  console.error(error);
  process.exit(1);
});
