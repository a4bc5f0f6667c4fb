// One SAML app made of @boxyhq/saml20, the library of saml-jackson: /metadata, start, acs, logout, slo and told. It redirects as saml-jackson
// does: the message is signed inside, the address is not. It prints what the library says, as JSON, and invents nothing of its own.
import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import library from '@boxyhq/saml20'
import { body, listen } from './app.mjs'

const saml = library.default ?? library
const config = JSON.parse(readFileSync('config.json', 'utf8'))
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
const nameID = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'
const logoutPath = '/*[local-name(.)="LogoutRequest" and namespace-uri(.)="urn:oasis:names:tc:SAML:2.0:protocol"]'
const app = {}

const hub = async () => saml.parseMetadata(await (await fetch(config.hub)).text(), {})

function redirect(to, xml, relay) {
  const url = new URL(to)
  url.searchParams.set('SAMLRequest', deflateRawSync(xml).toString('base64'))
  url.searchParams.set('RelayState', relay)
  return { to: url.href }
}

async function start() {
  const { sso } = await hub()
  const asked = saml.request({
    ssoUrl: sso.redirectUrl, entityID: config.entity, callbackUrl: config.base + '/acs', identifierFormat: unspecified,
    signingKey: config.key, publicKey: config.certificate
  })
  app.asked = asked.id
  return redirect(sso.redirectUrl, asked.request, 'state')
}

async function acs(form) {
  const options = { thumbprint: (await hub()).thumbprint, audience: config.entity, privateKey: config.key, inResponseTo: app.asked }
  const { claims } = await saml.validate(Buffer.from(form.SAMLResponse, 'base64').toString(), options)
  app.profile = { uid: claims.uid, nameID: claims[nameID] }
  return { json: { profile: app.profile, relay: form.RelayState } }
}

async function logout() {
  const { slo } = await hub()
  const { id, xml } = saml.createLogoutRequest({ nameId: app.profile.nameID, providerName: config.entity, sloUrl: slo.redirectUrl })
  app.left = id
  return redirect(slo.redirectUrl, saml.sign(xml, config.key, config.certificate, logoutPath), 'left')
}

// slo takes the hub's answer to a sign-out; the library has nothing for its requests.
async function slo(form) {
  const xml = Buffer.from(form.SAMLResponse, 'base64').toString()
  const answer = await saml.parseLogoutResponse(xml)
  if (!saml.validateSignature(xml, null, (await hub()).thumbprint)) throw new Error('not signed by the hub')
  if (answer.inResponseTo !== app.left) throw new Error('answers another request')
  app.profile = undefined
  return { json: { loggedOut: answer.status.endsWith(':Success'), relay: form.RelayState } }
}

async function serve(r) {
  switch (r.method + ' ' + new URL(r.url, config.base).pathname) {
    case 'GET /metadata':
      return { html: saml.createSPMetadataXML({ entityId: config.entity, publicKeyString: saml.stripCertHeaderAndFooter(config.certificate), acsUrl: config.base + '/acs', encryption: true }) }
    case 'GET /start':
      return start()
    case 'POST /acs':
      return acs(await body(r))
    case 'GET /logout':
      return logout()
    case 'POST /slo':
      return slo(await body(r))
    case 'GET /told':
      return { json: { profile: app.profile } }
  }
  return { status: 404 }
}

listen(config.base, serve)
