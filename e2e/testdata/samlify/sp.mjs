// SAML apps made of samlify, one at each path below the base: /NAME/metadata, start, acs, slo, logout and told.
// It prints what the library says, as JSON, and invents nothing of its own.
import { readFileSync } from 'node:fs'
import samlify from 'samlify'
import { body, listen } from './app.mjs'

const config = JSON.parse(readFileSync('config.json', 'utf8'))
const binding = (name) => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-' + name
const apps = Object.fromEntries(config.apps.map((c) => [c.name, c]))

// The library wants one, and has none; what the hub writes is held against the schemas elsewhere.
samlify.setSchemaValidator({ validate: async () => 'not looked at' })

function sp(c) {
  return samlify.ServiceProvider({
    entityID: c.base + '/metadata', privateKey: c.key, signingCert: c.certificate,
    nameIDFormat: ['urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'],
    wantAssertionsSigned: true, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true,
    assertionConsumerService: [{ Binding: binding('POST'), Location: c.base + '/acs' }],
    singleLogoutService: [{ Binding: binding(c.slo), Location: c.base + '/slo' }]
  })
}

// idp is the hub as its metadata of this moment says.
async function idp() {
  return samlify.IdentityProvider({ metadata: await (await fetch(config.hub)).text(), wantLogoutRequestSigned: true, wantLogoutResponseSigned: true })
}

// signedPart is the query as it was signed: the first members in their order, byte for byte.
function signedPart(url) {
  const members = Object.fromEntries(url.search.slice(1).split('&').map((m) => [m.split('=')[0], m]))
  return ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg'].filter((n) => members[n]).map((n) => members[n]).join('&')
}

async function acs(c, form) {
  const { extract } = await sp(c).parseLoginResponse(await idp(), 'post', { body: form })
  c.profile = { uid: extract.attributes.uid, nameID: extract.nameID, sessionIndex: extract.sessionIndex.sessionIndex }
  return { json: { profile: c.profile, relay: form.RelayState } }
}

// logout asks by Redirect, whatever the hub then answers by.
async function logout(c) {
  const user = { logoutNameID: c.profile.nameID, sessionIndex: c.profile.sessionIndex }
  return { to: sp(c).createLogoutRequest(await idp(), 'redirect', user, 'left-' + c.name).context }
}

// slo takes the hub's answer to a sign-out of ours, or its request to sign out.
async function slo(c, by, values, request) {
  const hub = await idp()
  if (values.SAMLResponse) {
    const { extract } = await sp(c).parseLogoutResponse(hub, by, request)
    c.profile = undefined
    return { json: { loggedOut: extract.response.inResponseTo !== undefined, relay: values.RelayState } }
  }
  const info = await sp(c).parseLogoutRequest(hub, by, request)
  if (info.extract.nameID === c.profile?.nameID) c.profile = undefined
  return { to: sp(c).createLogoutResponse(hub, info, 'redirect', values.RelayState ?? '').context }
}

async function serve(r) {
  const url = new URL(r.url, config.base)
  const [, name, action] = url.pathname.split('/')
  const c = apps[name]
  const query = Object.fromEntries(url.searchParams)
  switch (c && r.method + ' ' + action) {
    case 'GET metadata':
      return { html: sp(c).getMetadata() }
    case 'GET start':
      return { to: sp(c).createLoginRequest(await idp(), 'redirect').context }
    case 'POST acs':
      return acs(c, await body(r))
    case 'GET logout':
      return logout(c)
    case 'GET slo':
      return slo(c, 'redirect', query, { query, octetString: signedPart(url) })
    case 'POST slo': {
      const form = await body(r)
      return slo(c, 'post', form, { body: form })
    }
    case 'GET told':
      return { json: { profile: c.profile } }
  }
  return { status: 404 }
}

listen(config.base, serve)
