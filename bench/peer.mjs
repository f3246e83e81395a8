// oidc-provider as a token server for client credentials: ES256 JWT access tokens, ten clients, its in-memory adapter.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' };

// The identifiers of applications.py.
const hex32 = (n) => (n % 2 ** 32).toString(16).padStart(8, '0');
const clients = Array.from({ length: 10 }, (_, i) => ({
  client_id: `${hex32(i * 2654435761)}-0000-4000-8000-${i.toString(16).padStart(12, '0')}`,
  client_secret: `bench-${hex32(i * 40503)}-abcdefghijklmnopqrstuvwxyz0123456789`,
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: 'ES256',
}));

const resource = 'https://api.example';
const provider = new Provider(`http://localhost:${port}`, {
  clients,
  jwks: { keys: [key] },
  scopes: ['api'],
  routes: { token: '/oauth2/token' },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'api', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.proxy = true;
const server = provider.listen(port, '127.0.0.1');
server.keepAliveTimeout = 60000;
process.on('SIGTERM', () => process.exit(0));
