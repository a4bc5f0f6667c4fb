package trust

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestReadResponseType: the order of the words means nothing, and only whole combinations of the standard are known.
func TestReadResponseType(t *testing.T) {
	for text, want := range map[string]ResponseType{
		"code": ResponseCode, "id_token": ResponseIDToken, "token id_token": ResponseIDTokenToken, "id_token code": ResponseCodeIDToken, "token code": ResponseCodeToken,
		"token id_token code": ResponseCodeIDTokenToken, "code token id_token": ResponseCodeIDTokenToken, "none": ResponseNone,
		"": "", "token": "", "code code": "", "code none": "", "code  token": "", " code": "", "Code": "", "code,token": "", "device": "", "code\ttoken": "",
	} {
		if kind, ok := ReadResponseType(text); ok != (want != "") || ok && kind != want {
			t.Errorf("%q: %q %t", text, kind, ok)
		}
	}
	for kind, want := range map[ResponseType]string{
		ResponseCode: "code", ResponseIDToken: "id", ResponseIDTokenToken: "id token", ResponseCodeIDToken: "code id", ResponseCodeToken: "code token", ResponseCodeIDTokenToken: "code id token", ResponseNone: "",
	} {
		var got []string
		for _, is := range []struct {
			word string
			it   bool
		}{{"code", kind.Code()}, {"id", kind.IDToken()}, {"token", kind.Token()}} {
			if is.it {
				got = append(got, is.word)
			}
		}
		if strings.Join(got, " ") != want || kind.Front() != (kind.IDToken() || kind.Token()) {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

// TestResponseTerms lists what terms may say of response types, and what of it is refused.
func TestResponseTerms(t *testing.T) {
	compile := oidcDocuments(t, "partner: epr\nprotocol: oidc\nstage: test\noidc:\n  auth: none\n  %\n")
	const at = "redirect_uris: [https://epr.example/cb]; "
	for section, want := range map[string]string{
		at + "response_types: [id_token]":                                                               "",
		at + "response_types: [token id_token, code, none]":                                             "",
		at + "response_types: [code id_token]; grants: [authorization_code, implicit, refresh_token]":   "",
		at + "response_types: [none]; grants: [authorization_code]":                                     "authorization_code goes with a response type",
		at + "response_types: [token]":                                                                  "not known",
		at + "response_types: [id_token, id_token id_token]":                                            "not known",
		at + "response_types: [code id_token]; grants: [authorization_code]":                            "goes with the grant type implicit",
		at + "response_types: [code id_token]; grants: [implicit]":                                      "goes with the grant type authorization_code",
		at + "response_types: [code]; grants: [authorization_code, implicit]":                           "implicit goes with a response type",
		at + "grants: [authorization_code, implicit]":                                                   "implicit goes with a response type",
		at + "response_types: [id_token]; grants: [authorization_code, implicit]":                       "authorization_code goes with a response type",
		"response_types: [id_token]":                                                                    "oidc.redirect_uris is empty",
		"response_types: [id_token]; redirect_uris: ['https://localhost/cb']":                           "localhost",
		"response_types: [id_token]; type: native; redirect_uris: ['http://127.0.0.1/cb']":              "",
		at + "response_types: [id_token token]; bind: dpop":                                             "oidc.bind",
		at + "response_types: [code id_token]; bind: dpop":                                              "",
		at + "response_types: [code id_token]; profile: cis2; id_token_alg: RS256":                      "profile cis2",
		at + "response_types: [none, code]; profile: fapi2":                                             "profile fapi2: oidc.response_types",
		at + "response_types: [code]; profile: cis2":                                                    "",
		at + "response_types: [code token]; response_modes: [query, form_post, fragment, fragment.jwt]": "",
		at + "response_types: [id_token token]; grants: [implicit, client_credentials]":                 "without authentication",
	} {
		_, err := compile(section)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", section, err, want)
		}
	}
	p, err := compile(at + "response_types: [token id_token, code]")
	if err != nil || !reflect.DeepEqual(p.OIDC.Responses, []ResponseType{ResponseCode, ResponseIDTokenToken}) || !reflect.DeepEqual(p.OIDC.Grants, []string{GrantCode, GrantImplicit}) || p.OIDC.Scopes[0] != "openid" {
		t.Errorf("%v %+v", err, p.OIDC)
	}
	if hints := p.Hints(); len(hints) != 1 || !strings.Contains(hints[0], "browser") {
		t.Errorf("hints %q", hints)
	}
	if p, err = compile(at); err != nil || !reflect.DeepEqual(p.OIDC.Responses, []ResponseType{ResponseCode}) || p.Hints() != nil {
		t.Errorf("by default: %v %+v", err, p.OIDC)
	}
}

// TestResponsesOfATemplate: a client that registers itself gets no response type that was not permitted, and keeps those it was given.
func TestResponsesOfATemplate(t *testing.T) {
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	permitted, err := ReadTemplate([]byte("oidc: {grants: [authorization_code, implicit], response_types: [code, id_token]}"), true, c, CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		types []string
		want  bool
	}{{nil, true}, {[]string{"id_token"}, true}, {[]string{"code", "id_token"}, true}, {[]string{"id_token token"}, false}, {[]string{"none"}, false}} {
		d := permitted.Document()
		d.OIDC.Registration, d.OIDC.ResponseTypes = &RegistrationDocument{}, tc.types
		if err := permitted.Permits(d); (err == nil) != tc.want {
			t.Errorf("%v: %v", tc.types, err)
		}
	}
	current := permitted.Document()
	current.OIDC.Registration, current.OIDC.ResponseTypes = &RegistrationDocument{}, []string{"code", "code id_token"} // an administrator added one
	around := permitted.Around(current)
	if err := around.Permits(current); err != nil {
		t.Error(err)
	}
	if err := permitted.Permits(current); err == nil {
		t.Error("more than the template")
	}
}

func FuzzReadResponseType(f *testing.F) {
	for _, kind := range ResponseTypes() {
		f.Add(string(kind))
	}
	f.Add("token code  id_token")
	f.Fuzz(func(t *testing.T, text string) {
		kind, ok := ReadResponseType(text)
		if !ok {
			return
		}
		if again, same := ReadResponseType(string(kind)); !same || again != kind || len(kind) != len(text) {
			t.Fatalf("%q is %q, and that %q", text, kind, again)
		}
	})
}
