// SAML apps made of node-saml, one at each path below the base: /NAME/metadata, start, acs, slo and logout.
// It prints what the library says, as JSON, and invents nothing of its own.
import { readFileSync } from 'node:fs'
import { SAML } from '@node-saml/node-saml'
import { body, listen } from './app.mjs'

const config = JSON.parse(readFileSync('config.json', 'utf8'))
const certificates = [...config.metadata.matchAll(/<ds:X509Certificate>([^<]+)</g)].map((m) => m[1])
const apps = {}

// app makes the library's object for one request; what it remembers of requests is shared.
function app(c, options) {
  const saml = new SAML({
    issuer: c.base + '/metadata', callbackUrl: c.base + '/acs', logoutCallbackUrl: c.base + '/slo', audience: c.base + '/metadata',
    entryPoint: config.sso, logoutUrl: config.slo, idpCert: certificates, idpIssuer: config.hub,
    privateKey: c.key, publicCert: c.certificate, decryptionPvk: c.key, signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256',
    identifierFormat: null, disableRequestedAuthnContext: true, validateInResponseTo: 'always',
    wantAuthnResponseSigned: c.response, wantAssertionsSigned: c.assertion, ...options
  })
  c.cache ??= saml.cacheProvider
  saml.cacheProvider = c.cache
  return saml
}

for (const c of config.apps) {
  c.base = config.base + '/' + c.name
  apps[c.name] = c
}

async function start(c, q) {
  const options = { passive: q.has('passive'), forceAuthn: q.has('force') }
  if (q.has('password')) options.disableRequestedAuthnContext = false
  if (q.has('post')) return { html: await app(c, { ...options, authnRequestBinding: 'HTTP-POST' }).getAuthorizeFormAsync('state-of-' + c.name) }
  return { to: await app(c, options).getAuthorizeUrlAsync('state-of-' + c.name, undefined, {}) }
}

async function acs(c, form, options) {
  const { profile, loggedOut } = await app(c, options).validatePostResponseAsync(form)
  if (profile) c.profile = profile
  return { json: { profile, loggedOut, relay: form.RelayState } }
}

// slo takes what the hub posts: its answer to a sign-out of ours, or a request to sign out.
async function slo(c, form) {
  // The library looks for InResponseTo in a posted Response only, not in a LogoutResponse.
  if (form.SAMLResponse) return acs(c, form, { validateInResponseTo: 'ifPresent' })
  const { profile } = await app(c).validatePostRequestAsync(form)
  const same = c.profile?.nameID === profile.nameID && c.profile?.sessionIndex === profile.sessionIndex
  if (same) c.profile = undefined
  return { to: await app(c).getLogoutResponseUrlAsync(profile, form.RelayState ?? '', {}, same) }
}

async function serve(r) {
  const url = new URL(r.url, config.base)
  const [, name, action] = url.pathname.split('/')
  const c = apps[name]
  switch (c && r.method + ' ' + action) {
    case 'GET metadata':
      return { html: app(c).generateServiceProviderMetadata(c.certificate, c.certificate) }
    case 'GET start':
      return start(c, url.searchParams)
    case 'POST acs':
      return acs(c, await body(r))
    case 'POST slo':
      return slo(c, await body(r))
    case 'GET logout':
      return { to: await app(c).getLogoutUrlAsync(c.profile, 'left-' + c.name, {}) }
    case 'GET told':
      return { json: { profile: c.profile } }
  }
  return { status: 404 }
}

listen(config.base, serve)
