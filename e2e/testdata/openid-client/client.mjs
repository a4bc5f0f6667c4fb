// A relying party made of openid-client: every client of config.json below a path of its own.
//
//   GET  /NAME/start     sends the browser to the hub; parameters are added to the request, and via=par, jar or jar+par says how it is made
//   *    /NAME/callback  redeems the code, uses the tokens, prints what it learned as JSON
//   GET  /NAME/fragment  the same of the address in at, as a script on the page of the callback would hand it over
//   GET  /NAME/refresh   refreshes, introspects and asks userinfo with the last tokens, prints JSON
//   GET  /NAME/steal     uses the tokens without what they are bound to, prints what came of it
//   GET  /NAME/revoke    revokes them and says what they are worth then
//   GET  /NAME/logout    sends the browser to the hub's end_session_endpoint
//   GET  /NAME/bye       where the hub sends it back to
//   GET  /NAME/jwks      its public keys, where it says that they are fetched
//   GET  /NAME/rotate    signs with another key from now on
//   GET  /NAME/registered, /NAME/rename, /NAME/withdraw   reads, replaces, ends what it registered by itself
//   GET  /NAME/wait      asks for a device code (via=device) or that a person approves (via=ciba), and waits; parameters are added to the request
//   GET  /NAME/waited    what came of it
//   POST /NAME/ping      takes a ping; GET /NAME/pinged lists them
//   GET  /NAME/own       gets a token in its own name, with the parameters of the query, and shows it to the client named as `to`
//   GET  /NAME/exchange  exchanges its last access token, and shows the result in the same way
//   POST /NAME/backchannel  takes a logout token; GET /NAME/told lists those that were good
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as oidc from 'openid-client'

// RFC 6761, 6.3: names under localhost are this machine, whatever the resolver says.
const lookup = dns.lookup
dns.lookup = (name, options, done) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done)

const config = JSON.parse(readFileSync('config.json', 'utf8'))

async function authentication(c) {
  switch (c.auth) {
    case 'private_key_jwt':
      return oidc.PrivateKeyJwt({ key: await jose.importPKCS8(c.key, 'ES256'), kid: c.kid })
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(c.secret)
    case 'client_secret_post':
      return oidc.ClientSecretPost(c.secret)
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return oidc.TlsClientAuth()
  }
  return oidc.None()
}

// showing is a fetch that shows a certificate in the handshake, and keeps no connection.
function showing(tls) {
  return (url, { method, headers, body }) => new Promise((done, failed) => {
    const r = request(url, { ...tls, method, headers, agent: false }, async (res) => {
      const parts = []
      for await (const part of res) parts.push(part)
      const known = Object.entries(res.headers).map(([name, value]) => [name, String(value)])
      done(new Response(Buffer.concat(parts), { status: res.statusCode, headers: known }))
    })
    r.on('error', failed)
    r.end(body ? String(body) : undefined)
  })
}

const clients = {}

// register has a client tell the hub of itself, and takes what it is told back.
async function register(c) {
  const base = `${config.base}/${c.name}`
  const made = { told: [], base, confidential: c.auth !== 'none', keys: {} }
  clients[c.name] = made
  const metadata = { ...c.register.metadata, token_endpoint_auth_method: c.auth, redirect_uris: [base + '/callback'], post_logout_redirect_uris: [base + '/bye'], backchannel_logout_uri: base + '/backchannel' }
  let auth
  if (c.auth === 'private_key_jwt') {
    await rotate(made)
    metadata.jwks_uri = base + '/jwks'
    auth = (as, client, form, headers) => oidc.PrivateKeyJwt({ key: made.keys.private, kid: made.keys.public.kid })(as, client, form, headers)
  }
  made.op = await oidc.dynamicClientRegistration(new URL(config.issuer), metadata, auth, { initialAccessToken: c.register.token, execute: [oidc.enableNonRepudiationChecks] })
}

async function rotate(c) {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  c.keys = { private: privateKey, public: { ...(await jose.exportJWK(publicKey)), kid: oidc.randomState(), use: 'sig', alg: 'ES256' } }
}

// manage asks the hub about what is registered (RFC 7592).
async function manage(c, method, metadata) {
  const { registration_client_uri, registration_access_token, ...known } = c.op.clientMetadata()
  const headers = metadata && { 'content-type': 'application/json' }
  const r = await oidc.fetchProtectedResource(c.op, registration_access_token, new URL(registration_client_uri), method, metadata && JSON.stringify({ ...known, ...metadata }), headers && new Headers(headers))
  return r.status === 204 ? { status: 204 } : await r.json()
}

for (const c of config.clients) {
  if (c.register) continue
  const metadata = { id_token_signed_response_alg: c.alg, token_endpoint_auth_method: c.auth, introspection_signed_response_alg: c.introspection }
  if (c.jarm) metadata.authorization_signed_response_alg = c.jarm
  if (c.cert) metadata.use_mtls_endpoint_aliases = true
  const op = await oidc.discovery(new URL(config.issuer), c.id, metadata, await authentication(c), { execute: [oidc.enableNonRepudiationChecks] })
  clients[c.name] = { op, base: `${config.base}/${c.name}`, told: [], confidential: c.auth !== 'none' }
  if (c.key) clients[c.name].signer = { key: await jose.importPKCS8(c.key, 'ES256'), kid: c.kid }
  if (c.jarm) oidc.useJwtResponseMode(op)
  if (c.flow === 'hybrid') oidc.useCodeIdTokenResponseType(op)
  if (c.flow === 'implicit') oidc.useIdTokenResponseType(op)
  clients[c.name].flow = c.flow
  if (c.dpop) clients[c.name].bound = { DPoP: oidc.getDPoPHandle(op, await oidc.randomDPoPKeyPair('ES256')) }
  if (c.cert) op[oidc.customFetch] = showing({ cert: readFileSync(c.cert), key: readFileSync(c.cert_key), ca: config.ca && readFileSync(config.ca) })
}

for (const c of config.clients) {
  if (c.register) setTimeout(() => register(c).then(() => console.log('registered', c.name), (e) => console.error('refused', e, e.cause)), 0)
}

async function start(c, url) {
  c.verifier = oidc.randomPKCECodeVerifier()
  c.state = oidc.randomState()
  c.nonce = oidc.randomNonce()
  const { via, ...extra } = Object.fromEntries(url.searchParams)
  const asked = {
    redirect_uri: c.base + '/callback', scope: c.op.clientMetadata().scope ?? 'openid profile nhsperson nationalrbacaccess selectedrole',
    code_challenge: await oidc.calculatePKCECodeChallenge(c.verifier), code_challenge_method: 'S256',
    state: c.state, nonce: c.nonce, max_age: '600', ...extra,
  }
  const signed = async () => oidc.buildAuthorizationUrlWithJAR(c.op, asked, c.signer)
  switch (via) {
    case 'par':
      return oidc.buildAuthorizationUrlWithPAR(c.op, asked, c.bound)
    case 'jar':
      return signed()
    case 'jar+par':
      return oidc.buildAuthorizationUrlWithPAR(c.op, (await signed()).searchParams)
  }
  return oidc.buildAuthorizationUrl(c.op, asked)
}

async function callback(c, request) {
  if (c.flow === 'implicit') {
    return { claims: await oidc.implicitAuthentication(c.op, request, c.nonce, { expectedState: c.state, maxAge: 600 }) }
  }
  const checks = { pkceCodeVerifier: c.verifier, expectedState: c.state, expectedNonce: c.nonce, maxAge: 600, idTokenExpected: true }
  c.tokens = await oidc.authorizationCodeGrant(c.op, request, checks, undefined, c.bound)
  const claims = c.tokens.claims()
  return { claims, scope: c.tokens.scope, expires: c.tokens.expires_in, type: c.tokens.token_type, userinfo: await oidc.fetchUserInfo(c.op, c.tokens.access_token, claims.sub, c.bound) }
}

// wait begins to wait for somebody who approves elsewhere, and keeps what will come of it.
async function wait(c, url) {
  const { via, ...extra } = Object.fromEntries(url.searchParams)
  const device = via === 'device'
  const asked = { scope: 'openid profile selectedrole', ...extra }
  const answer = device ? await oidc.initiateDeviceAuthorization(c.op, asked) : await oidc.initiateBackchannelAuthentication(c.op, asked)
  const polled = device ? oidc.pollDeviceAuthorizationGrant(c.op, answer) : oidc.pollBackchannelAuthenticationGrant(c.op, answer)
  c.outcome = polled.then(async (tokens) => {
    c.tokens = tokens
    const claims = tokens.claims()
    return { claims, scope: tokens.scope, expires: tokens.expires_in, userinfo: await oidc.fetchUserInfo(c.op, tokens.access_token, claims.sub) }
  }).catch((e) => ({ refused: explain(e) }))
  return answer
}

async function refresh(c) {
  const before = c.tokens
  c.tokens = await oidc.refreshTokenGrant(c.op, before.refresh_token, undefined, c.bound)
  const rotated = Boolean(c.tokens.refresh_token) && c.tokens.refresh_token !== before.refresh_token
  c.tokens.refresh_token ??= before.refresh_token
  const claims = c.tokens.claims()
  const out = { claims, rotated, userinfo: await oidc.fetchUserInfo(c.op, c.tokens.access_token, claims.sub, c.bound) }
  if (c.confidential) out.introspection = await oidc.tokenIntrospection(c.op, c.tokens.access_token)
  return out
}

// steal says what the tokens are worth to who has not got what they are bound to: nothing at all, or another key.
async function steal(c) {
  const outcome = (p) => p.then((r) => String(r.status ?? 'accepted'), explain)
  const { userinfo_endpoint } = c.op.serverMetadata()
  const other = { DPoP: oidc.getDPoPHandle(c.op, await oidc.randomDPoPKeyPair('ES256')) }
  const bare = await fetch(userinfo_endpoint, { headers: { authorization: `Bearer ${c.tokens.access_token}` } })
  return {
    bearer: { status: bare.status, challenge: bare.headers.get('www-authenticate') },
    userinfo: await outcome(oidc.fetchUserInfo(c.op, c.tokens.access_token, oidc.skipSubjectCheck, other)),
    refresh: await outcome(oidc.refreshTokenGrant(c.op, c.tokens.refresh_token, undefined, {})),
  }
}

async function revoke(c) {
  await oidc.tokenRevocation(c.op, c.tokens.refresh_token, { token_type_hint: 'refresh_token' })
  const outcome = (p) => p.then(() => 'accepted', explain)
  return {
    refresh: await outcome(oidc.refreshTokenGrant(c.op, c.tokens.refresh_token)),
    userinfo: await outcome(oidc.fetchUserInfo(c.op, c.tokens.access_token, oidc.skipSubjectCheck)),
  }
}

// shown is what a resource server makes of a token: a JWT is read as RFC 9068 says, and either is introspected.
async function shown(tokens, to) {
  const server = clients[to]
  const request = new Request(server.base, { headers: { authorization: 'Bearer ' + tokens.access_token } })
  const jwt = tokens.access_token.split('.').length === 3
  return {
    scope: tokens.scope, expires: tokens.expires_in, issued: tokens.issued_token_type, jwt,
    read: jwt ? await oauth.validateJwtAccessToken(server.op.serverMetadata(), request, server.base + '/api') : undefined,
    introspection: await oidc.tokenIntrospection(server.op, tokens.access_token),
  }
}

async function own(c, { to, ...asked }) {
  return shown(await oidc.clientCredentialsGrant(c.op, asked), to)
}

async function exchange(c, { to, ...asked }) {
  const form = { subject_token: c.tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', ...asked }
  return shown(await oidc.genericGrantRequest(c.op, 'urn:ietf:params:oauth:grant-type:token-exchange', form), to)
}

async function backchannel(c, form) {
  const { jwks_uri, issuer } = c.op.serverMetadata()
  const { payload } = await jose.jwtVerify(form.get('logout_token'), jose.createRemoteJWKSet(new URL(jwks_uri)), {
    issuer, audience: c.op.clientMetadata().client_id, typ: 'logout+jwt', maxTokenAge: 120, requiredClaims: ['jti', 'iat', 'exp', 'sid', 'events'],
  })
  if (!payload.events['http://schemas.openid.net/event/backchannel-logout'] || 'nonce' in payload) throw new Error('not a logout token')
  c.told.push(payload)
}

// explain says what the library said: the OAuth error where there was one, and for a bearer token its challenge.
function explain(e) {
  const challenge = Array.isArray(e.cause) ? e.cause[0]?.parameters?.error : undefined
  return { name: e.name, code: e.code, error: e.error ?? challenge, message: e.message, cause: String(e.cause?.message ?? '') }
}

async function body(r) {
  const parts = []
  for await (const part of r) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function serve(r) {
  const url = new URL(r.url, config.base)
  const [, name, action] = url.pathname.split('/')
  const c = clients[name]
  if (!c) return { status: 404 }
  switch (action) {
    case 'start':
      return { to: await start(c, url) }
    case 'callback':
      if (r.method === 'GET' && c.flow) return { json: {} } // the answer is in the fragment
      if (r.method === 'GET') return { json: await callback(c, url) }
      return { json: await callback(c, new Request(url, { method: 'POST', headers: { 'content-type': r.headers['content-type'] }, body: await body(r) })) }
    case 'fragment':
      return { json: await callback(c, new URL(url.searchParams.get('at'))) }
    case 'refresh':
      return { json: await refresh(c) }
    case 'steal':
      return { json: await steal(c) }
    case 'revoke':
      return { json: await revoke(c) }
    case 'own':
      return { json: await own(c, Object.fromEntries(url.searchParams)) }
    case 'exchange':
      return { json: await exchange(c, Object.fromEntries(url.searchParams)) }
    case 'logout':
      return { to: oidc.buildEndSessionUrl(c.op, { post_logout_redirect_uri: c.base + '/bye', id_token_hint: c.tokens.id_token, state: 'left' }) }
    case 'wait':
      return { json: await wait(c, url) }
    case 'waited':
      return { json: await c.outcome }
    case 'ping':
      c.pinged = [...(c.pinged ?? []), { bearer: r.headers.authorization, type: r.headers['content-type'], ...JSON.parse(await body(r)) }]
      return { status: 204 }
    case 'pinged':
      return { json: c.pinged ?? [] }
    case 'bye':
      return { json: { state: url.searchParams.get('state') } }
    case 'jwks':
      return { json: { keys: [c.keys.public] } }
    case 'rotate':
      await rotate(c)
      return { json: {} }
    case 'registered':
      return { json: await manage(c, 'GET') }
    case 'rename':
      return { json: await manage(c, 'PUT', { client_name: url.searchParams.get('to') }) }
    case 'withdraw':
      return { json: await manage(c, 'DELETE') }
    case 'backchannel':
      await backchannel(c, new URLSearchParams(await body(r)))
      return { status: 200 }
    case 'told':
      return { json: c.told }
  }
  return { status: 404 }
}

createServer(async (r, w) => {
  let answer
  try {
    answer = await serve(r)
  } catch (e) {
    console.error(e)
    answer = { status: 400, json: { refused: explain(e) } }
  }
  const headers = answer.to ? { location: answer.to.href } : { 'content-type': 'application/json' }
  w.writeHead(answer.status ?? (answer.to ? 303 : 200), headers).end(answer.json ? JSON.stringify(answer.json) : '')
}).listen(Number(new URL(config.base).port), '127.0.0.1', () => console.log('ready'))
