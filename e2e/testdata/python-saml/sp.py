"""SAML apps made of lasso, pysaml2 and python3-saml, each at a path below the base: /LIBRARY/metadata, start, acs, artifact, slo, soap,
logout, query and told. They print what the library says, as JSON, and invent nothing of their own.
"""
import base64
import http.server
import json
import socket
import sys
import urllib.request
from urllib.parse import parse_qsl, urlsplit

import lasso
import saml2
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from saml2 import BINDING_HTTP_ARTIFACT, BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from xml.etree import ElementTree

with open('config.json', encoding='utf-8') as f:
    CONFIG = json.load(f)
HUB, BASE = CONFIG['hub'], CONFIG['base']

# pysaml2 writes what came by SOAP anew before it verifies it. With the hub's prefixes the signature survives that.
for prefix, space in {
        'samlp': 'urn:oasis:names:tc:SAML:2.0:protocol', 'saml': 'urn:oasis:names:tc:SAML:2.0:assertion',
        'ds': 'http://www.w3.org/2000/09/xmldsig#', 'xenc': 'http://www.w3.org/2001/04/xmlenc#'}.items():
    ElementTree.register_namespace(prefix, space)

resolve = socket.getaddrinfo


def localhost(host, *rest, **more):
    """Names below localhost are this machine (RFC 6761), whatever the resolver says."""
    return resolve('127.0.0.1' if host.endswith('localhost') else host, *rest, **more)


socket.getaddrinfo = localhost


def call(address, document):
    """What the hub answers by SOAP, a fault too."""
    request = urllib.request.Request(address, document.encode(), {'Content-Type': 'text/xml'})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.read().decode()


class To(str):
    """An address to send the browser to."""


class Html(str):
    """A page to show."""


class Lasso:
    def __init__(self):
        def endpoint(kind, binding, path, more=''):
            return f'<{kind} Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{BASE}/lasso/{path}" {more}/>'

        def key(use, pem):
            text = ''.join(line for line in pem.splitlines() if '-' not in line)
            return (f'<KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>'
                    f'{text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>')
        self.metadata = (
            f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{BASE}/lasso/metadata">'
            '<SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            + key('signing', CONFIG['certificate']) + key('encryption', CONFIG['certificate']) + endpoint('SingleLogoutService', 'SOAP', 'soap')
            + endpoint('AssertionConsumerService', 'HTTP-POST', 'acs', 'index="0" isDefault="true"')
            + endpoint('AssertionConsumerService', 'HTTP-Artifact', 'artifact', 'index="1"') + '</SPSSODescriptor></EntityDescriptor>')
        self.server = lasso.Server.newFromBuffers(self.metadata, CONFIG['key'], None, None)
        self.server.setEncryptionPrivateKey('key.pem')
        self.server.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
        self.server.addProviderFromBuffer(lasso.PROVIDER_ROLE_IDP, CONFIG['metadata'])
        self.session = None

    def start(self, q):
        login = lasso.Login(self.server)
        login.initAuthnRequest(HUB, lasso.HTTP_METHOD_POST if 'post' in q else lasso.HTTP_METHOD_REDIRECT)
        login.request.nameIdPolicy.format, login.request.nameIdPolicy.allowCreate = lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT, True
        login.request.protocolBinding = lasso.SAML2_METADATA_BINDING_ARTIFACT if 'artifact' in q else lasso.SAML2_METADATA_BINDING_POST
        login.msgRelayState = 'state'
        login.buildAuthnRequestMsg()
        if 'post' in q:
            return Html(f'<form method="post" action="{login.msgUrl}"><input type="hidden" name="SAMLRequest" value="{login.msgBody}">'
                        '<input type="hidden" name="RelayState" value="state"><button>Continue</button></form>')
        return To(login.msgUrl)

    def finish(self, login):
        login.acceptSso()
        self.session, self.identity = login.session.dump(), login.identity and login.identity.dump()
        statement = login.assertion.attributeStatement[0]
        self.index = login.assertion.authnStatement[0].sessionIndex
        return {'name': login.nameIdentifier.content, 'attributes': {a.name: a.attributeValue[0].any[0].content for a in statement.attribute}}

    def acs(self, form, _):
        login = lasso.Login(self.server)
        login.processAuthnResponseMsg(form['SAMLResponse'])
        return self.finish(login)

    def artifact(self, _, query):
        login = lasso.Login(self.server)
        login.initRequest(query, lasso.HTTP_METHOD_ARTIFACT_GET)
        login.buildRequestMsg()
        login.processResponseMsg(call(login.msgUrl, login.msgBody))
        return self.finish(login)

    def ending(self):
        logout = lasso.Logout(self.server)
        if self.identity:
            logout.setIdentityFromDump(self.identity)
        logout.setSessionFromDump(self.session)
        return logout

    def soap(self, document):
        logout = self.ending()
        logout.processRequestMsg(document)
        logout.validateRequest()
        logout.buildResponseMsg()
        self.session = None
        return logout.msgBody

    def logout(self):
        logout = self.ending()
        logout.initRequest(HUB, lasso.HTTP_METHOD_SOAP)
        logout.request.sessionIndex = self.index
        logout.buildRequestMsg()
        logout.processResponseMsg(call(logout.msgUrl, logout.msgBody))
        self.session = None
        return {'status': logout.response.status.statusCode.value}


class Pysaml2:
    def __init__(self):
        base = BASE + '/pysaml2'
        config = SPConfig()
        config.load({
            'entityid': base + '/metadata', 'key_file': 'key.pem', 'cert_file': 'certificate.pem', 'metadata': {'inline': [CONFIG['metadata']]},
            'encryption_keypairs': [{'key_file': 'key.pem', 'cert_file': 'certificate.pem'}], 'allow_unknown_attributes': True,
            'service': {'sp': {
                'endpoints': {
                    'assertion_consumer_service': [(base + '/acs', BINDING_HTTP_POST), (base + '/artifact', BINDING_HTTP_ARTIFACT)],
                    'single_logout_service': [(base + '/soap', BINDING_SOAP)]},
                'authn_requests_signed': True, 'want_response_signed': True, 'logout_requests_signed': True, 'logout_responses_signed': True,
                'signing_algorithm': SIG_RSA_SHA256, 'digest_algorithm': DIGEST_SHA256}}})
        self.client = Saml2Client(config=config)
        self.metadata = str(entity_descriptor(config))
        self.asked, self.session = {}, None

    def start(self, q):
        more = {'assertion_consumer_service_index': '2'} if 'artifact' in q else {}  # and a ProtocolBinding beside it
        request, _, sent = self.client.prepare_for_negotiated_authenticate(
            entityid=HUB, binding=BINDING_HTTP_POST, response_binding=BINDING_HTTP_ARTIFACT if 'artifact' in q else BINDING_HTTP_POST,
            relay_state='state', sign=True, **more)
        self.asked[request] = '/'
        return Html(sent['data'] if isinstance(sent['data'], str) else ''.join(sent['data']))

    def finish(self, document, binding):
        answer = self.client.parse_authn_request_response(document, binding, self.asked)
        self.session = answer.name_id
        return {'name': answer.name_id.text, 'attributes': {k: v[0] for k, v in answer.ava.items()}}

    def acs(self, form, _):
        return self.finish(form['SAMLResponse'], BINDING_HTTP_POST)

    def resolved(self, artifact):
        _, request = self.client.create_artifact_resolve(artifact, CONFIG['artifact'], None, sign=True)
        message = self.client.parse_artifact_resolve_response(call(CONFIG['artifact'], enveloped(request)))
        return base64.b64encode(str(message).encode()).decode()

    def artifact(self, form, _):
        return self.finish(self.resolved(form['SAMLart']), BINDING_HTTP_ARTIFACT)

    def query(self):
        _, request = self.client.create_attribute_query(CONFIG['attributes'], name_id=self.session, sign=True)
        answer = self.client.parse_attribute_query_response(call(CONFIG['attributes'], enveloped(request)), BINDING_SOAP)
        return {'attributes': {k: v[0] for k, v in answer.ava.items()}}

    def soap(self, document):
        request = self.client.parse_logout_request(document, BINDING_SOAP)
        if request.message.name_id.text == self.session.text:
            self.session = None
        return enveloped(self.client.create_logout_response(request.message, [BINDING_SOAP], sign=True))


class Python3saml:
    def __init__(self):
        base = BASE + '/python3saml'
        self.base = base
        self.settings = OneLogin_Saml2_IdPMetadataParser.merge_settings({
            'strict': True,
            'sp': {'entityId': base + '/metadata', 'assertionConsumerService': {'url': base + '/acs'}, 'singleLogoutService': {'url': base + '/slo'},
                   'x509cert': CONFIG['certificate'], 'privateKey': CONFIG['key']},
            'security': {
                'requestedAuthnContext': False, 'authnRequestsSigned': True, 'logoutRequestSigned': True, 'logoutResponseSigned': True,
                'wantMessagesSigned': True, 'wantAssertionsSigned': True, 'wantAssertionsEncrypted': True, 'wantNameIdEncrypted': True,
                'nameIdEncrypted': True, 'signatureAlgorithm': SIG_RSA_SHA256, 'digestAlgorithm': DIGEST_SHA256,
                'metadataValidUntil': '2100-01-01T00:00:00Z'},
        }, OneLogin_Saml2_IdPMetadataParser.parse(CONFIG['metadata']))
        data = OneLogin_Saml2_Settings(self.settings).get_sp_metadata()
        self.metadata = data.decode() if isinstance(data, bytes) else data
        self.session = None

    def auth(self, path='/', query='', form=None):
        at = urlsplit(self.base + path)
        return OneLogin_Saml2_Auth({
            'https': 'off', 'http_host': at.netloc, 'server_port': str(at.port), 'script_name': at.path, 'get_data': dict(parse_qsl(query)),
            'post_data': form or {}, 'query_string': query}, self.settings)

    def start(self, q):
        auth = self.auth()
        to = auth.login(return_to='state', name_id_value_req=self.session.get_nameid() if 'subject' in q else None)
        self.asked = auth.get_last_request_id()
        return To(to)

    def acs(self, form, _):
        auth = self.auth('/acs', '', form)
        auth.process_response(request_id=self.asked)
        if auth.get_errors():
            return {'refused': auth.get_last_error_reason() or str(auth.get_errors())}
        self.session = auth
        return {'name': auth.get_nameid(), 'attributes': {k: v[0] for k, v in auth.get_attributes().items()}}

    def logout(self):
        s, auth = self.session, self.auth()
        to = auth.logout(return_to='left', name_id=s.get_nameid(), session_index=s.get_session_index(), nq=s.get_nameid_nq(),
                         name_id_format=s.get_nameid_format(), spnq=s.get_nameid_spnq())
        self.asked = auth.get_last_request_id()
        return To(to)

    def slo(self, query):
        auth = self.auth('/slo', query)
        to = auth.process_slo(request_id=self.asked, keep_local_session=True)
        if auth.get_errors():
            return {'refused': auth.get_last_error_reason() or str(auth.get_errors())}
        self.session = None
        return To(to) if to else {'status': 'left'}


def enveloped(message):
    return ('<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            + str(message)[str(message).index('<', 1) if str(message).startswith('<?xml') else 0:] + '</soap:Body></soap:Envelope>')


APPS = {'lasso': Lasso(), 'pysaml2': Pysaml2(), 'python3saml': Python3saml()}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, out):
        if isinstance(out, To):
            self.send_response(303)
            self.send_header('Location', out)
            self.end_headers()
            return
        kind, text = ('text/html', out) if isinstance(out, Html) else ('text/xml', out) if isinstance(out, str) else ('application/json', json.dumps(out))
        data = text.encode()
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_one(self):
        at = urlsplit(self.path)
        _, name, what = at.path.split('/')
        app, form, body = APPS[name], dict(parse_qsl(at.query)), ''
        if self.command == 'POST':
            body = self.rfile.read(int(self.headers['Content-Length'])).decode()
            form = dict(parse_qsl(body))
        if what == 'metadata':
            return str(app.metadata)
        if what == 'told':
            return {'signed_in': app.session is not None}
        if what in ('acs', 'artifact'):
            return dict(getattr(app, what)(form, at.query), relay=form.get('RelayState'))
        if what == 'start':
            return app.start(dict(parse_qsl(at.query, keep_blank_values=True)))
        return {'soap': lambda: app.soap(body), 'slo': lambda: app.slo(at.query), 'logout': lambda: app.logout(), 'query': lambda: app.query()}[what]()

    def do_GET(self):
        try:
            self.answer(self.handle_one())
        except Exception as e:  # whatever a library raises is what it says
            print('raised', repr(e), file=sys.stderr, flush=True)
            self.answer({'refused': f'{type(e).__name__}: {e}'})

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', urlsplit(BASE).port), Handler)
print('ready', saml2.__name__, file=sys.stderr, flush=True)
server.serve_forever()
