package registration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust"
)

// offer is a hub that has everything.
func offer() Offer {
	return Offer{
		Auth: trust.AuthMethods(), AuthAlgs: []string{"ES256", "PS256", "RS256"}, Grants: []string{trust.GrantCode, trust.GrantRefresh, trust.GrantClient},
		Responses:   []trust.ResponseType{trust.ResponseCode},
		IDTokenAlgs: []string{"ES256", "RS256"}, UserinfoAlgs: []string{"ES256", "RS256"}, RequestAlgs: trust.RequestAlgorithms(),
		ResponseAlgs: []string{"ES256"}, Bind: []string{trust.BindDPoP, trust.BindMTLS}, Pushed: true,
	}
}

// permitted reads a template.
func permitted(t testing.TB, text string) trust.Template {
	t.Helper()
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	out, err := trust.ReadTemplate([]byte(text), true, compiler, trust.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const usual = `
release: [{ set: profile }]
oidc: { scopes: [openid, profile, email], grants: [authorization_code, refresh_token] }
`

var keySet = func() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Use: "sig"}}})
	if err != nil {
		panic(err)
	}
	return string(set)
}()

const redirects = `"redirect_uris":["https://epr.example/cb"]`

// apply registers the members in a body, with a redirect URI unless it has some.
func apply(o Offer, template trust.Template, body string) (trust.Document, error) {
	if !strings.Contains(body, `"redirect_uris"`) {
		body = redirects + "," + body
	}
	said, err := Read([]byte("{" + strings.TrimSuffix(body, ",") + "}"))
	if err != nil {
		return trust.Document{}, err
	}
	d := template.Document()
	d.Partner = "c1"
	d.OIDC.Registration = &trust.RegistrationDocument{TokenSHA256: strings.Repeat("ab", 32), Issued: "2026-11-25T09:00:00Z"}
	return d, o.Apply(said, &d)
}

// TestRefused lists what no client is registered with, whatever is permitted.
func TestRefused(t *testing.T) {
	template := permitted(t, usual)
	for body, want := range map[string][2]string{
		`"redirect_uris":["https://epr.example/cb#x"]`: {InvalidRedirectURI, "fragment"},
		`"redirect_uris":["https://epr.example/cb#"]`:  {InvalidRedirectURI, "fragment"},
		`"redirect_uris":["javascript:alert(1)"]`:      {InvalidRedirectURI, "https"},
		`"redirect_uris":["data:text/html,x"]`:         {InvalidRedirectURI, "https"},
		`"redirect_uris":["http://epr.example/cb"]`:    {InvalidRedirectURI, "https"},
		`"redirect_uris":["http://127.0.0.1/cb"]`:      {InvalidRedirectURI, "native"},
		`"redirect_uris":["example.epr:/cb"]`:          {InvalidRedirectURI, "native"},
		`"redirect_uris":["https://a@epr.example/cb"]`: {InvalidRedirectURI, "without user"},
		`"redirect_uris":["https:///cb"]`:              {InvalidRedirectURI, "host"},
		`"redirect_uris":["/cb"]`:                      {InvalidRedirectURI, "https"},
		`"redirect_uris":["https://epr.example/cb","https://*"],"application_type":"native","x":["\u0000"]`: {"", ""},
		`"redirect_uris":[]`:                       {InvalidRedirectURI, "missing"},
		`"redirect_uris":"https://epr.example/cb"`: {InvalidRedirectURI, "array"},
		`"redirect_uris":[""]`:                     {InvalidRedirectURI, "array"},
		`"redirect_uris":[1]`:                      {InvalidRedirectURI, "array"},
		`"redirect_uris":null`:                     {InvalidRedirectURI, "missing"},
		`"redirect_uris":["javascript:x"],"application_type":"native"`:                      {InvalidRedirectURI, "backwards"},
		`"redirect_uris":["http://epr.example/"],"application_type":"native"`:               {InvalidRedirectURI, "127.0.0.1"},
		`"redirect_uris":["http://localhost/cb"],"application_type":"native"`:               {InvalidRedirectURI, "127.0.0.1"},
		`"application_type":"mobile"`:                                                       {InvalidMetadata, "web, native"},
		`"grant_types":["implicit"]`:                                                        {InvalidMetadata, "grant_types may hold authorization_code, refresh_token"},
		`"grant_types":["authorization_code","client_credentials"]`:                         {InvalidMetadata, "grant_types may hold"},
		`"grant_types":["refresh_token"],"response_types":[]`:                               {InvalidMetadata, "alone"},
		`"grant_types":["password"]`:                                                        {InvalidMetadata, "grant_types may hold"},
		`"response_types":["id_token"]`:                                                     {InvalidMetadata, "response_types may hold code"},
		`"response_types":["code","code id_token"]`:                                         {InvalidMetadata, "response_types may hold code"},
		`"response_types":[]`:                                                               {InvalidMetadata, "authorization_code goes with"},
		`"response_types":["code"],"grant_types":["refresh_token"]`:                         {InvalidMetadata, "goes with the grant type authorization_code"},
		`"scope":"launch"`:                                                                  {InvalidMetadata, "nothing that is permitted"},
		`"scope":["openid"]`:                                                                {InvalidMetadata, "scope must be a string"},
		`"token_endpoint_auth_method":"client_secret_jwt"`:                                  {InvalidMetadata, "must be one of client_secret_basic"},
		`"token_endpoint_auth_method":"private_key_jwt"`:                                    {InvalidMetadata, "jwks or jwks_uri is missing"},
		`"token_endpoint_auth_method":"tls_client_auth"`:                                    {InvalidMetadata, "tls_client_auth_subject_dn"},
		`"token_endpoint_auth_method":"self_signed_tls_client_auth"`:                        {InvalidMetadata, "jwks or jwks_uri is missing"},
		`"token_endpoint_auth_signing_alg":"HS256"`:                                         {InvalidMetadata, "must be one of"},
		`"token_endpoint_auth_signing_alg":"none"`:                                          {InvalidMetadata, "must be one of"},
		`"jwks":` + keySet + `,"jwks_uri":"https://epr.example/jwks"`:                       {InvalidMetadata, "exclude each other"},
		`"jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}`:                                        {InvalidMetadata, "private or symmetric"},
		`"jwks":{"keys":[]}`:                                                                {InvalidMetadata, "no key"},
		`"jwks":"https://epr.example/jwks"`:                                                 {InvalidMetadata, "jwks cannot be used"},
		`"request_uris":["http://epr.example/r"]`:                                           {InvalidMetadata, "request_uris is not valid"},
		`"request_uris":["https://a@epr.example/r#x"]`:                                      {InvalidMetadata, "without user"},
		`"request_uris":"https://epr.example/r"`:                                            {InvalidMetadata, "array"},
		`"jwks_uri":"http://epr.example/jwks"`:                                              {InvalidMetadata, "jwks_uri must be an https URL"},
		`"jwks_uri":"file:///etc/passwd"`:                                                   {InvalidMetadata, "jwks_uri must be an https URL"},
		`"id_token_signed_response_alg":"none"`:                                             {InvalidMetadata, "must be one of ES256, RS256"},
		`"id_token_signed_response_alg":"HS256"`:                                            {InvalidMetadata, "must be one of"},
		`"userinfo_signed_response_alg":"none"`:                                             {InvalidMetadata, "must be one of"},
		`"request_object_signing_alg":"none"`:                                               {InvalidMetadata, "must be one of"},
		`"authorization_signed_response_alg":"none"`:                                        {InvalidMetadata, "must be one of"},
		`"id_token_encrypted_response_alg":"RSA-OAEP"`:                                      {InvalidMetadata, "nothing is encrypted"},
		`"userinfo_encrypted_response_alg":"ECDH-ES"`:                                       {InvalidMetadata, "nothing is encrypted"},
		`"request_object_encryption_alg":"RSA-OAEP"`:                                        {InvalidMetadata, "nothing is encrypted"},
		`"authorization_encrypted_response_alg":"RSA-OAEP"`:                                 {InvalidMetadata, "nothing is encrypted"},
		`"require_signed_request_object":true`:                                              {InvalidMetadata, "jwks or jwks_uri is missing"},
		`"require_signed_request_object":"yes"`:                                             {InvalidMetadata, "true or false"},
		`"require_pushed_authorization_requests":1`:                                         {InvalidMetadata, "true or false"},
		`"require_auth_time":"true"`:                                                        {InvalidMetadata, "true or false"},
		`"dpop_bound_access_tokens":true,"tls_client_certificate_bound_access_tokens":true`: {InvalidMetadata, "bound in another way"},
		`"tls_client_auth_san_dns":"a.example","tls_client_auth_san_uri":"https://a/","token_endpoint_auth_method":"tls_client_auth"`: {InvalidMetadata, "another name"},
		`"subject_type":"secret"`: {InvalidMetadata, "public, pairwise"},
		`"subject_type":"pairwise","redirect_uris":["https://a.example/","https://b.example/"]`: {InvalidMetadata, "sector_identifier_uri is missing"},
		`"sector_identifier_uri":"http://a.example/"`:                                           {InvalidMetadata, "https URL"},
		`"default_max_age":-1`:                                         {InvalidMetadata, "number of seconds"},
		`"default_max_age":1.5`:                                        {InvalidMetadata, "number of seconds"},
		`"default_max_age":1e999`:                                      {InvalidMetadata, "number of seconds"},
		`"default_max_age":2147483648`:                                 {InvalidMetadata, "number of seconds"},
		`"default_max_age":"300"`:                                      {InvalidMetadata, "number of seconds"},
		`"default_acr_values":"AAL3_ANY"`:                              {InvalidMetadata, "array"},
		`"initiate_login_uri":"http://epr.example/"`:                   {InvalidMetadata, "https URL"},
		`"post_logout_redirect_uris":["javascript:x"]`:                 {InvalidMetadata, "post_logout_redirect_uris"},
		`"backchannel_logout_uri":"https://epr.example/#x"`:            {InvalidMetadata, "fragment"},
		`"frontchannel_logout_uri":"https://www.epr.example/out"`:      {InvalidMetadata, "one of redirect_uris"},
		`"frontchannel_logout_session_required":1`:                     {InvalidMetadata, "true or false"},
		`"backchannel_user_code_parameter":true`:                       {InvalidMetadata, "nobody has"},
		`"logo_uri":"javascript:alert(1)"`:                             {InvalidMetadata, "logo_uri must be an https URL"},
		`"client_uri":"//epr.example"`:                                 {InvalidMetadata, "https URL"},
		`"policy_uri":"data:x"`:                                        {InvalidMetadata, "https URL"},
		`"tos_uri":1`:                                                  {InvalidMetadata, "string"},
		`"contacts":["a\nb"]`:                                          {InvalidMetadata, "control"},
		`"contacts":` + "[" + strings.Repeat(`"a",`, 51) + `"a"]`:      {InvalidMetadata, "1 to 50"},
		`"client_name":"` + strings.Repeat("n", 101) + `"`:             {InvalidMetadata, "1 to 100"},
		`"client_name":"\u202eRPE"`:                                    {InvalidMetadata, "can be seen"},
		`"client_name":"E\u200bPR"`:                                    {InvalidMetadata, "can be seen"},
		`"client_name":"  "`:                                           {InvalidMetadata, "can be seen"},
		`"client_name":"A\u0007"`:                                      {InvalidMetadata, "control"},
		`"client_name":{}`:                                             {InvalidMetadata, "string"},
		`"software_statement":"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"`:         {InvalidStatement, "not taken"},
		`"client_name":"A","client_name":"B"`:                          {InvalidMetadata, "no name in it twice"},
		`"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000): {InvalidMetadata, "one JSON object"},
	} {
		_, err := apply(offer(), template, body)
		why, refused := errors.AsType[*Refusal](err)
		switch {
		case want[0] == "" && err != nil:
			t.Errorf("%s: %v", body, err)
		case want[0] != "" && (!refused || why.Code != want[0] || !strings.Contains(why.Detail, want[1])):
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}

// TestNotOffered: what this hub cannot do nobody is registered with.
func TestNotOffered(t *testing.T) {
	template := permitted(t, usual)
	bare := Offer{Auth: []string{"none"}, Grants: []string{trust.GrantCode}, IDTokenAlgs: []string{"ES256"}}
	for _, body := range []string{
		`"token_endpoint_auth_method":"client_secret_basic"`, `"grant_types":["authorization_code","refresh_token"]`, `"id_token_signed_response_alg":"RS256"`,
		`"userinfo_signed_response_alg":"RS256"`, `"request_object_signing_alg":"RS256"`, `"require_signed_request_object":true`,
		`"authorization_signed_response_alg":"RS256"`, `"dpop_bound_access_tokens":true`, `"require_pushed_authorization_requests":true`,
		`"token_endpoint_auth_signing_alg":"RS256"`, `"tls_client_certificate_bound_access_tokens":true`,
	} {
		if _, err := apply(bare, template, body+`,"x":1`); err == nil {
			t.Errorf("%s: taken", body)
		}
	}
	d, err := apply(bare, template, `"token_endpoint_auth_method":"none"`)
	if err != nil || d.OIDC.IDTokenAlg != "ES256" {
		t.Errorf("%v, ID tokens by %s", err, d.OIDC.IDTokenAlg)
	}
}

// TestRegistered says what becomes of what clients usually send.
func TestRegistered(t *testing.T) {
	template := permitted(t, usual)
	d, err := apply(offer(), template, `"client_name":" Ward Whiteboard ","grant_types":["refresh_token","authorization_code","refresh_token"],"response_types":["code"],
		"scope":"email openid offline_access launch","token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"PS256","jwks":`+keySet+`,
		"subject_type":"pairwise","userinfo_signed_response_alg":"RS256","default_max_age":300,"require_auth_time":true,"default_acr_values":["AAL3_ANY"],
		"post_logout_redirect_uris":["https://epr.example/bye"],"backchannel_logout_uri":"https://epr.example/out","backchannel_logout_session_required":true,
		"frontchannel_logout_uri":"https://epr.example:443/front","frontchannel_logout_session_required":true,"initiate_login_uri":"https://epr.example/go","client_uri":"https://epr.example/","logo_uri":"https://epr.example/logo.png",
		"policy_uri":"https://epr.example/policy","tos_uri":"https://epr.example/terms","contacts":["dev@supplier.example"],
		"dpop_bound_access_tokens":true,"require_pushed_authorization_requests":true,"require_signed_request_object":true,"request_object_signing_alg":"ES256",
		"authorization_signed_response_alg":"ES256","tls_client_certificate_bound_access_tokens":false,"software_id":"x","client_name#cy":"Bwrdd","unknown":{"a":[1]}`)
	if err != nil {
		t.Fatal(err)
	}
	age := trust.Duration(5 * time.Minute)
	want := template.Document()
	want.Partner, want.Name, want.Subject = "c1", "Ward Whiteboard", trust.SubjectPairwise
	want.OIDC = &trust.OIDCDocument{
		Auth: "private_key_jwt", JWKS: keySet, Grants: []string{trust.GrantCode, trust.GrantRefresh}, Bind: "dpop", RedirectURIs: []string{"https://epr.example/cb"},
		PostLogoutRedirectURIs: []string{"https://epr.example/bye"}, BackchannelLogoutURI: "https://epr.example/out",
		FrontchannelLogoutURI: "https://epr.example:443/front", FrontchannelSession: true, Scopes: []string{"openid", "email"},
		IDTokenAlg: "RS256", DefaultACR: []string{"AAL3_ANY"}, Sector: "epr.example",
		OIDCRequestDocument: trust.OIDCRequestDocument{PAR: true, RequestObject: "required", RequestObjectAlg: "ES256", ResponseAlg: "ES256", DefaultMaxAge: &age},
		OIDCClientDocument: trust.OIDCClientDocument{
			AuthAlg: "PS256", UserinfoAlg: "RS256", InitiateLoginURI: "https://epr.example/go", ClientURI: "https://epr.example/", LogoURI: "https://epr.example/logo.png",
			PolicyURI: "https://epr.example/policy", TermsURI: "https://epr.example/terms", Contacts: []string{"dev@supplier.example"}, Registration: d.OIDC.Registration,
		},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := template.Permits(d); err != nil {
		t.Error(err)
	}
}

// TestDefaults are those of the standard, or of the administrator.
func TestDefaults(t *testing.T) {
	d, err := apply(offer(), permitted(t, usual), "")
	if err != nil {
		t.Fatal(err)
	}
	o := d.OIDC
	if o.Auth != trust.AuthBasic || o.IDTokenAlg != "RS256" || !reflect.DeepEqual(o.Grants, []string{trust.GrantCode}) || len(o.Scopes) != 3 || d.Subject != "" || o.Sector != "" || d.Stage != trust.Test {
		t.Errorf("%+v %+v", d, o)
	}
	chosen := permitted(t, `{subject: pairwise, oidc: {auth: private_key_jwt, id_token_alg: ES256, pkce: false, bind: dpop, par: true, default_max_age: 10m}}`)
	if _, err := apply(offer(), chosen, `"token_endpoint_auth_method":"none"`); err == nil {
		t.Error("another method than the administrator's")
	}
	if _, err := apply(offer(), chosen, `"subject_type":"public","jwks":`+keySet); err == nil {
		t.Error("public where pairwise is permitted")
	}
	for _, less := range []string{`"dpop_bound_access_tokens":false`, `"require_pushed_authorization_requests":false`, `"tls_client_certificate_bound_access_tokens":true`} {
		if _, err := apply(offer(), chosen, less+`,"jwks":`+keySet); err == nil {
			t.Errorf("%s: taken", less)
		}
	}
	d, err = apply(offer(), chosen, `"default_max_age":3600,"jwks":`+keySet)
	if err != nil || d.OIDC.Auth != trust.AuthPrivateKeyJWT || d.OIDC.IDTokenAlg != "ES256" || *d.OIDC.PKCE || d.OIDC.Bind != "dpop" || !d.OIDC.PAR || time.Duration(*d.OIDC.DefaultMaxAge) != 10*time.Minute || d.OIDC.Sector != "epr.example" {
		t.Errorf("%v %+v", err, d.OIDC)
	}
	open := permitted(t, `{oidc: {pkce: false}}`)
	if d, err = apply(offer(), open, `"token_endpoint_auth_method":"none"`); err != nil || d.OIDC.PKCE != nil {
		t.Errorf("a public client without PKCE: %v %v", err, d.OIDC.PKCE)
	}
	if d, err = apply(offer(), open, `"application_type":"native","subject_type":"pairwise","token_endpoint_auth_method":"none","redirect_uris":["http://127.0.0.1/cb","example.epr:/cb"]`); err != nil || d.OIDC.Sector != "" {
		t.Errorf("apps on devices share a sector: %v %q", err, d.OIDC.Sector)
	}
	machine := permitted(t, `{oidc: {grants: [client_credentials], scopes: [openid]}}`)
	if d, err = apply(offer(), machine, `"redirect_uris":null,"grant_types":["client_credentials"],"response_types":[]`); err != nil || d.OIDC.RedirectURIs != nil {
		t.Errorf("a client that nobody signs in to: %v", err)
	}
}

// TestResponses: what a client may ask the authorization endpoint for goes with its grant types, within what is offered and permitted.
func TestResponses(t *testing.T) {
	o := offer()
	o.Grants = append(o.Grants, trust.GrantImplicit)
	o.Responses = []trust.ResponseType{trust.ResponseCode, trust.ResponseIDToken, trust.ResponseIDTokenToken, trust.ResponseCodeIDToken}
	template := permitted(t, `{oidc: {scopes: [openid], grants: [authorization_code, implicit], response_types: [code, id_token, code id_token, code token]}}`)
	for body, want := range map[string]string{
		``:                           "code",
		`"response_types":["code"]`:  "code",
		`"grant_types":["implicit"]`: "!implicit goes with a response type",
		`"response_types":["id_token"],"grant_types":["implicit"]`:                                        "id_token",
		`"response_types":["id_token","code","id_token"],"grant_types":["implicit","authorization_code"]`: "code id_token",
		`"response_types":["id_token code"],"grant_types":["implicit","authorization_code"]`:              "code+id_token",
		`"response_types":["id_token"]`: "!goes with the grant type implicit",
		`"response_types":["id_token"],"grant_types":["implicit","authorization_code"]`:   "!authorization_code goes with",
		`"response_types":["id_token token"],"grant_types":["implicit"]`:                  "!may hold code, id_token, code id_token and nothing else", // not permitted
		`"response_types":["code token"],"grant_types":["implicit","authorization_code"]`: "!may hold",                                                // not offered
		`"response_types":["token"],"grant_types":["implicit"]`:                           "!may hold",
		`"response_types":[],"grant_types":["implicit"]`:                                  "!implicit goes with",
		`"response_types":["id_token"],"grant_types":["implicit"],"redirect_uris":null`:   "!redirect_uris is missing",
	} {
		d, err := apply(o, template, body)
		switch message, refused := strings.CutPrefix(want, "!"); {
		case refused && (err == nil || !strings.Contains(err.Error(), message)):
			t.Errorf("%s: %v, want %s", body, err, message)
		case refused:
		case err != nil || strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(trust.ResponseNames(d.OIDC.Responses()), ","), " ", "+")), "") != strings.ReplaceAll(want, " ", ","):
			t.Errorf("%s: %v %v", body, d.OIDC.Responses(), err)
		case template.Permits(d) != nil:
			t.Errorf("%s: %v", body, template.Permits(d))
		}
		if told, ok := Tell(d)["response_types"].([]string); err == nil && (!ok || len(told) == 0) {
			t.Errorf("%s: told %v", body, told)
		}
	}
}

// TestImplicitSector: a client that gets its tokens at a redirect URI without a code has the sector of that host, like any other.
func TestImplicitSector(t *testing.T) {
	o := offer()
	o.Grants, o.Responses = append(o.Grants, trust.GrantImplicit), append(o.Responses, trust.ResponseIDToken)
	template := permitted(t, `{subject: pairwise, oidc: {grants: [authorization_code, implicit], response_types: [code, id_token]}}`)
	const implicit = `"grant_types":["implicit"],"response_types":["id_token"]`
	if d, err := apply(o, template, implicit); err != nil || d.OIDC.Sector != "epr.example" {
		t.Errorf("%v %q", err, d.OIDC.Sector)
	}
	if _, err := apply(o, template, implicit+`,"redirect_uris":["https://a.example/","https://b.example/"]`); err == nil {
		t.Error("two hosts are one sector")
	}
}

// TestDecoupled: a client that waits polls; it names no address that the hub would call.
func TestDecoupled(t *testing.T) {
	o := offer()
	o.Grants = append(o.Grants, trust.GrantCIBA)
	template := permitted(t, `{oidc: {scopes: [openid], grants: ["urn:openid:params:grant-type:ciba"]}}`)
	const ciba = `"redirect_uris":null,"grant_types":["urn:openid:params:grant-type:ciba"],"response_types":[]`
	d, err := apply(o, template, ciba+`,"backchannel_token_delivery_mode":"poll","backchannel_user_code_parameter":false`)
	if err != nil || d.OIDC.CIBA != nil || Tell(d)["backchannel_token_delivery_mode"] != "poll" {
		t.Errorf("%v %+v", err, d.OIDC)
	}
	for _, mode := range []string{"ping", "push"} {
		if _, err := apply(o, template, ciba+`,"backchannel_client_notification_endpoint":"https://10.0.0.1/","backchannel_token_delivery_mode":"`+mode+`"`); err == nil {
			t.Errorf("%s: taken", mode)
		}
	}
	if d, err := apply(offer(), permitted(t, usual), `"backchannel_token_delivery_mode":"ping"`); err != nil || Tell(d)["backchannel_token_delivery_mode"] != nil {
		t.Errorf("of a client that does not wait: %v", err)
	}
}

// TestToldAgain: what a client is told of itself registers the same client.
func TestToldAgain(t *testing.T) {
	template := permitted(t, `{oidc: {scopes: [openid, profile, email], grants: [authorization_code, refresh_token]}}`)
	for _, body := range []string{
		"", `"scope":"profile"`, `"token_endpoint_auth_method":"none","application_type":"native","redirect_uris":["http://[::1]:99/cb"]`,
		`"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_san_ip":"10.0.8.1","tls_client_certificate_bound_access_tokens":true`,
		`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://epr.example/jwks","token_endpoint_auth_signing_alg":"ES256"`,
		`"token_endpoint_auth_method":"self_signed_tls_client_auth","jwks":` + keySet,
		`"subject_type":"pairwise","sector_identifier_uri":"https://epr.example/list","default_max_age":0,"contacts":["a","b"],"dpop_bound_access_tokens":true`,
		`"default_acr_values":["AAL2_ANY"],"require_pushed_authorization_requests":true,"backchannel_logout_uri":"https://epr.example/out","tos_uri":"https://epr.example/t"`,
	} {
		first, err := apply(offer(), template, body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		told, err := json.Marshal(Tell(first))
		if err != nil {
			t.Fatal(err)
		}
		again, err := apply(offer(), template, string(told[1:len(told)-1]))
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%s told as %s: %v\n%s", body, told, err, diff)
		}
	}
}

// TestNeverMore: whatever a client says, what becomes of it is within what an administrator permits.
func TestNeverMore(t *testing.T) {
	templates := []trust.Template{
		permitted(t, usual), permitted(t, `{stage: draft, subject: transient}`), permitted(t, `{subject: pairwise, oidc: {bind: dpop, par: true, default_max_age: 1m}}`),
		permitted(t, `{subject: email, require: {assurance: AAL3}, oidc: {auth: none, request_object: optional, frames: true}}`), trust.DefaultTemplate(false),
	}
	words := []string{"openid", "profile email", "public", "pairwise", "web", "native", "code", "none", "client_secret_post", "ES256", "RS256", "https://a.example/", "example.app:/cb", "live", "true"}
	rapid.Check(t, func(t *rapid.T) {
		template := templates[rapid.IntRange(0, len(templates)-1).Draw(t, "template")]
		said := map[string]any{"redirect_uris": []string{"https://epr.example/cb"}}
		for _, m := range members {
			switch rapid.IntRange(0, 7).Draw(t, m.name) {
			case 0:
				said[m.name] = rapid.SampledFrom(words).Draw(t, "text")
			case 1:
				said[m.name] = rapid.SliceOfN(rapid.SampledFrom(append(words, trust.GrantTypes()...)), 0, 3).Draw(t, "texts")
			case 2:
				said[m.name] = rapid.Bool().Draw(t, "flag")
			case 3:
				said[m.name] = rapid.IntRange(-1, 1000).Draw(t, "number")
			}
		}
		body, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		read, err := Read(body)
		if err != nil {
			t.Fatal(err)
		}
		d := template.Document()
		d.OIDC.Registration = &trust.RegistrationDocument{}
		if offer().Apply(read, &d) != nil {
			return
		}
		if err := template.Permits(d); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	})
}

// TestMembersOnce: no member stands twice in the table, and each names where it is from.
func TestMembersOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range members {
		if seen[m.name] || m.clause == "" || m.take == nil {
			t.Errorf("%s: twice, or without a clause", m.name)
		}
		seen[m.name] = true
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{` + redirects + `,"client_name":"A","jwks":` + keySet + `}`))
	f.Add([]byte(`{"redirect_uris":["https://a.example/#"],"default_max_age":1e999,"scope":null}`))
	f.Add([]byte(`{"redirect_uris":["a.b:/"],"application_type":"native","token_endpoint_auth_method":"none"}`))
	compiler, err := trust.NewCompiler()
	if err != nil {
		f.Fatal(err)
	}
	template := permitted(f, usual)
	f.Fuzz(func(t *testing.T, body []byte) {
		said, err := Read(body)
		if err != nil {
			return
		}
		d := template.Document()
		d.Partner = "c1"
		d.OIDC.Registration = &trust.RegistrationDocument{TokenSHA256: strings.Repeat("ab", 32), Issued: "2026-11-25T09:00:00Z"}
		if offer().Apply(said, &d) != nil {
			return
		}
		if strings.HasPrefix(d.OIDC.Auth, "client_secret") {
			d.OIDC.SecretSHA256 = strings.Repeat("ab", 32)
		}
		if err := template.Permits(d); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if _, err := compiler.Compile(d, nil, trust.CompileOptions{}); err != nil {
			t.Fatalf("what was taken cannot be served: %s: %v", body, err)
		}
		canonical, err := d.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if docs, err := trust.ReadDocuments(strings.NewReader(string(canonical))); err != nil || len(docs) != 1 || !reflect.DeepEqual(docs[0], d) {
			t.Fatalf("what was stored is not what was taken: %s: %v\n%s", body, err, canonical)
		}
		if _, err := json.Marshal(Tell(d)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRequestURIs: addresses of request objects are taken of a client that has keys and does not push, and left out for any other.
func TestRequestURIs(t *testing.T) {
	const one = `"request_uris":["https://epr.example/r"]`
	for body, want := range map[string]int{
		one + `,"jwks":` + keySet: 1, one + `,"jwks_uri":"https://epr.example/jwks"`: 1, one: 0,
		one + `,"jwks":` + keySet + `,"require_pushed_authorization_requests":true`: 0,
	} {
		d, err := apply(offer(), permitted(t, usual), body)
		if err != nil || len(d.OIDC.RequestURIs) != want {
			t.Errorf("%s: %v %v", body, d.OIDC.RequestURIs, err)
		}
	}
}
