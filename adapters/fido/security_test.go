package fido_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// clientData returns a key's browser that replaces text in the client data.
func replaced(old, replacement string) func([]byte) []byte {
	return func(honest []byte) []byte { return bytes.Replace(honest, []byte(old), []byte(replacement), 1) }
}

func TestSecurity(t *testing.T) {
	t.Run("059", testWeakRSA)
	t.Run("211", testEnumeration)
	t.Run("213", testChallenge)
	t.Run("214", testOrigin)
	t.Run("215", testRPID)
	t.Run("216", testFlags)
	t.Run("217", testClientData)
	t.Run("218", testCounter)
	t.Run("219", testOwner)
	t.Run("219 named", testNamed)
	t.Run("220", testModels)
	t.Run("221", testAlgorithms)
	t.Run("222", testBackup)
	t.Run("223", testStatements)
	t.Run("225", testRegistered)
	t.Run("226", testDowngrade)
}

func testChallenge(t *testing.T) {
	d, k := newDesk(t), softKey(t, 1)
	d.enrol(k, d.person)
	finish := func(state, response []byte) error {
		_, err := d.keys.FinishSignIn(t.Context(), state, response, d.now)
		return err
	}
	_, first := d.answer(k)
	other, _ := d.answer(k)
	refused(t, finish(other, first), bridge.AuthenticationFailed, "key_challenge")

	state, response := d.answer(k)
	d.now = d.now.Add(5 * time.Minute)
	refused(t, finish(state, response), bridge.AuthenticationFailed, "key_timeout")

	_, enrolment, err := d.keys.BeginEnrolment(t.Context(), d.person)
	if err != nil {
		t.Fatal(err)
	}
	_, response = d.answer(k)
	refused(t, finish(enrolment, response), bridge.AuthenticationFailed, "key_challenge")

	k.ClientData = func(honest []byte) []byte {
		var c map[string]any
		if err := json.Unmarshal(honest, &c); err != nil {
			t.Fatal(err)
		}
		delete(c, "challenge")
		b, _ := json.Marshal(c)
		return b
	}
	state, response = d.answer(k)
	refused(t, finish(state, response), bridge.AuthenticationFailed, "key_challenge")

	if err := finish(nil, response); err == nil {
		t.Error("accepted without state")
	}
}

func testOrigin(t *testing.T) {
	for _, bad := range []string{
		"http://hub.example", "https://hub.example:8443", "https://hub.example:443", "https://a.hub.example", "https://example", "null", "",
		"https://HUB.example", "https://hub.example/", "https://hub.example.evil.test", "https://user@hub.example",
	} {
		d, k := newDesk(t), softKey(t, 1)
		d.enrol(k, d.person)
		k.Origin = bad
		_, err := d.signIn(k)
		refused(t, err, bridge.AuthenticationFailed, "key_origin")
		_, err = d.tryEnrol(softKeyAt(t, bad), d.person)
		refused(t, err, bridge.AuthenticationFailed, "key_origin")
	}
	for name, member := range map[string]string{"cross-origin": `"crossOrigin":true`, "topOrigin": `"crossOrigin":false,"topOrigin":"` + origin + `"`} {
		d, k := newDesk(t), softKey(t, 1)
		d.enrol(k, d.person)
		k.ClientData = replaced(`"crossOrigin":false`, member)
		_, err := d.signIn(k)
		t.Log(name)
		refused(t, err, bridge.AuthenticationFailed, "key_cross_origin")
	}
}

func softKeyAt(t *testing.T, at string) *softkey.Key {
	k := softKey(t, 9)
	k.Origin = at
	return k
}

func testRPID(t *testing.T) {
	for _, bad := range []string{"example", "a.hub.example", "evil.test", ""} {
		d, k := newDesk(t), softKey(t, 1)
		d.enrol(k, d.person)
		k.RPID = bad
		_, err := d.signIn(k)
		refused(t, err, bridge.AuthenticationFailed, "key_rpid")
	}
}

func testFlags(t *testing.T) {
	for flags, code := range map[byte]string{
		softkey.UserVerified: "key_presence",
		softkey.UserPresent:  "key_uv",
		0:                    "key_presence",
	} {
		d, k := newDesk(t), softKey(t, 1)
		d.enrol(k, d.person)
		k.Flags = flags
		_, err := d.signIn(k)
		refused(t, err, bridge.AuthenticationFailed, code)
		fresh := softKey(t, 2)
		fresh.Flags = flags
		_, err = d.tryEnrol(fresh, d.person)
		refused(t, err, bridge.AuthenticationFailed, code)
		k.Flags = softkey.UserPresent | softkey.UserVerified
		if _, err := d.signIn(k); err != nil {
			t.Errorf("good answer after a bad one: %v", err)
		}
	}
}

func testClientData(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]byte) []byte
		code   string // empty: accepted
	}{
		"type of the other ceremony": {replaced("webauthn.get", "webauthn.create"), "key_type"},
		"type missing":               {replaced(`"type":"webauthn.get",`, ""), "key_type"},
		"type in capitals":           {replaced(`"type"`, `"Type"`), "key_type"},
		"unknown member":             {replaced("{", `{"other_keys_can_be_added_here":"do not compare",`), ""},
		"byte order mark":            {replaced("{", "\ufeff{"), ""},
		"two byte order marks":       {replaced("{", "\ufeff\ufeff{"), "key_response"},
		"duplicate origin":           {replaced("{", `{"origin":"https://evil.test",`), "key_response"},
		"duplicate in capitals":      {replaced("{", `{"ORIGIN":"https://evil.test",`), "key_response"},
		"duplicate in nested":        {replaced("{", `{"x":{"a":1,"a":2},`), "key_response"},
		"origin is a number":         {replaced(`"https://hub.example"`, "1"), "key_response"},
		"trailing value":             {func(b []byte) []byte { return append(b, "{}"...) }, "key_response"},
		"not UTF-8":                  {replaced("{", "{\"x\":\"\xff\","), "key_response"},
		"too deep":                   {replaced("{", `{"x":`+strings.Repeat("[", 9)+strings.Repeat("]", 9)+","), "key_response"},
		"empty":                      {func([]byte) []byte { return nil }, "key_response"},
		"null":                       {func([]byte) []byte { return []byte("null") }, "key_type"},
		"an array":                   {func([]byte) []byte { return []byte("[]") }, "key_response"},
	} {
		t.Run(name, func(t *testing.T) {
			d, k := newDesk(t), softKey(t, 1)
			d.enrol(k, d.person)
			k.ClientData = c.change
			proof, err := d.signIn(k)
			if c.code != "" {
				refused(t, err, bridge.AuthenticationFailed, c.code)
			} else if err != nil || proof.UID != d.person.UID {
				t.Errorf("refused: %v", err)
			}
		})
	}
	t.Run("outer", func(t *testing.T) {
		d, k := newDesk(t), softKey(t, 1)
		d.enrol(k, d.person)
		state, good := d.answer(k)
		for _, bad := range [][]byte{
			bytes.Replace(good, []byte("{"), []byte(`{"rawId":"AAAA",`), 1),
			bytes.Replace(good, []byte("{"), []byte(`{"RAWID":"AAAA",`), 1),
			append(bytes.Clone(good), "{}"...),
			append(bytes.Clone(good), bytes.Repeat([]byte(" "), 64<<10)...),
			bytes.Replace(good, []byte("public-key"), []byte("password"), 1),
			nil, []byte("null"), []byte("[]"),
		} {
			_, err := d.keys.FinishSignIn(t.Context(), state, bad, d.now)
			refused(t, err, bridge.AuthenticationFailed, "key_response")
		}
		if _, err := d.keys.FinishSignIn(t.Context(), state, good, d.now); err != nil {
			t.Errorf("the honest answer: %v", err)
		}
	})
}

func testOwner(t *testing.T) {
	other := people.Person{UID: "555000000002", Name: "Nurse Bea Cole"}
	d, a, b := newDesk(t), softKey(t, 1), softKey(t, 2)
	d.enrol(a, d.person)
	d.enrol(b, other)

	// The user handle of somebody else beside one's own credential.
	change := func(response []byte, member string, value string) []byte {
		var outer map[string]any
		if err := json.Unmarshal(response, &outer); err != nil {
			t.Fatal(err)
		}
		inner := outer["response"].(map[string]any)
		if value == "" {
			delete(inner, member)
		} else {
			inner[member] = value
		}
		out, err := json.Marshal(outer)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	theirs := base64.RawURLEncoding.EncodeToString(b.Credentials()[0].User)
	for _, handle := range []string{theirs, "AAAA", ""} {
		state, response := d.answer(a)
		_, err := d.keys.FinishSignIn(t.Context(), state, change(response, "userHandle", handle), d.now)
		refused(t, err, bridge.AuthenticationFailed, "key_user")
	}

	// One's own signature under somebody else's credential id and user handle.
	state, response := d.answer(a)
	mine := base64.RawURLEncoding.EncodeToString(a.Credentials()[0].ID)
	id := base64.RawURLEncoding.EncodeToString(b.Credentials()[0].ID)
	forged := change(bytes.ReplaceAll(response, []byte(mine), []byte(id)), "userHandle", theirs)
	_, err := d.keys.FinishSignIn(t.Context(), state, forged, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_signature")

	// An enrolment that was begun for somebody else.
	options, state, err := d.keys.BeginEnrolment(t.Context(), d.person)
	if err != nil {
		t.Fatal(err)
	}
	if response, err = softKey(t, 3).Create(options); err != nil {
		t.Fatal(err)
	}
	_, err = d.keys.FinishEnrolment(t.Context(), other, state, response, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_challenge")

	stranger := softKey(t, 4)
	if _, err := d.tryEnrol(stranger, d.person); err != nil { // never stored
		t.Fatal(err)
	}
	_, err = d.signIn(stranger)
	refused(t, err, bridge.CredentialUnknown, "key_unknown")

	d.shelf.all[0].Revoked = start
	_, err = d.signIn(a)
	refused(t, err, bridge.CredentialRevoked, "key_revoked")
	d.shelf.all[1].Expires = start
	_, err = d.signIn(b)
	refused(t, err, bridge.CredentialExpired, "key_expired")
}

func testBackup(t *testing.T) {
	const good = softkey.UserPresent | softkey.UserVerified
	d, k := newDesk(t), softKey(t, 1)
	k.Flags = good | softkey.BackupEligible
	d.enrol(k, d.person)
	for _, state := range []byte{softkey.BackupState, 0} { // may be backed up later, and lose it
		k.Flags = good | softkey.BackupEligible | state
		proof, err := d.signIn(k)
		if err != nil || proof.Assurance != 2 {
			t.Errorf("synced key: %v %v", proof.Assurance, err)
		}
	}
	for _, flags := range []byte{good, good | softkey.BackupState} {
		k.Flags = flags
		_, err := d.signIn(k)
		refused(t, err, bridge.AuthenticationFailed, "key_backup")
	}
	odd := softKey(t, 2)
	odd.Flags = good | softkey.BackupState // backed up, but cannot be
	_, err := d.tryEnrol(odd, d.person)
	refused(t, err, bridge.AuthenticationFailed, "key_backup")

	d, k = newDesk(t), softKey(t, 1)
	d.enrol(k, d.person)
	k.Flags = good | softkey.BackupEligible
	_, err = d.signIn(k)
	refused(t, err, bridge.AuthenticationFailed, "key_backup")
}

func testRegistered(t *testing.T) {
	d, k := newDesk(t), softKey(t, 1)
	first := d.enrol(k, d.person)
	enrol := func(p people.Person, change func(response []byte) []byte) error {
		again := softKey(t, 1) // the same key forgot what it holds, and so makes the same credential
		options, state, err := d.keys.BeginEnrolment(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		options = bytes.ReplaceAll(options, []byte("excludeCredentials"), []byte("ignored"))
		response, err := again.Create(options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.keys.FinishEnrolment(t.Context(), p, state, change(response), d.now)
		return err
	}
	same := func(b []byte) []byte { return b }
	refused(t, enrol(d.person, same), bridge.AuthenticationFailed, "key_registered")
	d.shelf.all[0].Revoked = start
	refused(t, enrol(d.person, same), bridge.AuthenticationFailed, "key_registered")
	// Of somebody else: the user handle is another, so the key makes another credential; it lies about its id.
	other := people.Person{UID: "555000000002", Name: "Nurse Bea Cole"}
	id, err := base64.RawURLEncoding.DecodeString(first.Handle)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, enrol(other, func(b []byte) []byte { return withID(t, b, id) }), bridge.AuthenticationFailed, "key_registered")
	if err := enrol(other, func(b []byte) []byte { return withID(t, b, bytes.Repeat([]byte{7}, 1023)) }); err != nil {
		t.Errorf("an id of 1023 bytes: %v", err)
	}
	if err := enrol(other, func(b []byte) []byte { return withID(t, b, bytes.Repeat([]byte{7}, 1024)) }); err == nil {
		t.Error("an id of 1024 bytes was taken")
	}
}

// withID is a registration answer with another credential id. Without attestation nothing covers it.
func withID(t *testing.T, response, id []byte) []byte {
	t.Helper()
	const fixed, old = 37 + 16, 2 + 32 // of the data before the id, and the id with its length
	answer := withData(t, response, func(data []byte) []byte {
		return slices.Concat(data[:fixed], binary.BigEndian.AppendUint16(nil, uint16(len(id))), id, data[fixed+old:])
	})
	answer["id"], answer["rawId"] = base64.RawURLEncoding.EncodeToString(id), base64.RawURLEncoding.EncodeToString(id)
	out, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withData is a registration answer whose authenticator data is changed.
func withData(t *testing.T, response []byte, change func(data []byte) []byte) map[string]any {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(response, &answer); err != nil {
		t.Fatal(err)
	}
	inner := answer["response"].(map[string]any)
	object, err := base64.RawURLEncoding.DecodeString(inner["attestationObject"].(string))
	if err != nil {
		t.Fatal(err)
	}
	const head = 2 // of the byte string
	at := bytes.Index(object, []byte("authData")) + len("authData")
	if object[at] != 0x58 || len(object) < at+head {
		t.Fatalf("authenticator data is not where it should be: % x", object[at:])
	}
	data := change(bytes.Clone(object[at+head:]))
	object = append(binary.BigEndian.AppendUint16(append(bytes.Clone(object[:at]), 0x59), uint16(len(data))), data...)
	inner["attestationObject"] = base64.RawURLEncoding.EncodeToString(object)
	return answer
}

// rsaCredential replaces the public key of a registration answer by an RSA key.
func rsaCredential(t *testing.T, response, modulus, exponent []byte) []byte {
	t.Helper()
	const ec = 77 // bytes of the EC key at the end
	answer := withData(t, response, func(data []byte) []byte {
		data = append(data[:len(data)-ec], 0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59) // kty RSA, alg RS256, n
		data = append(binary.BigEndian.AppendUint16(data, uint16(len(modulus))), modulus...)
		return append(append(data, 0x21, 0x40|byte(len(exponent))), exponent...)
	})
	out, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// testWeakRSA: a key that anyone can forge with, or that costs seconds to verify, is not enrolled.
func testWeakRSA(t *testing.T) {
	modulus := func(size int, first, last byte) []byte {
		n := bytes.Repeat([]byte{0x5a}, size)
		n[0], n[size-1] = first, last
		return n
	}
	f4, good := []byte{1, 0, 1}, modulus(256, 0xc1, 1)
	for name, c := range map[string]struct {
		modulus, exponent []byte
		code              string
	}{
		"2048":                {good, f4, ""},
		"8192":                {modulus(1024, 0xc1, 1), f4, ""},
		"1024":                {modulus(128, 0xc1, 1), f4, "key_algorithm"},
		"2047":                {modulus(256, 0x7f, 1), f4, "key_algorithm"},
		"8200":                {modulus(1025, 0xc1, 1), f4, "key_algorithm"},
		"65536":               {modulus(8192, 0xc1, 1), f4, "key_algorithm"},
		"leading zero":        {append([]byte{0}, good...), f4, "key_algorithm"},
		"even modulus":        {modulus(256, 0xc1, 2), f4, "key_algorithm"},
		"exponent 1":          {good, []byte{1}, "key_algorithm"},
		"exponent 3":          {good, []byte{3}, "key_algorithm"},
		"even exponent":       {good, []byte{1, 0, 2}, "key_algorithm"},
		"exponent of 5 bytes": {good, []byte{1, 0, 0, 0, 1}, "key_algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			d, k := newDesk(t), softKey(t, 1)
			options, state, err := d.keys.BeginEnrolment(t.Context(), d.person)
			if err != nil {
				t.Fatal(err)
			}
			response, err := k.Create(options)
			if err != nil {
				t.Fatal(err)
			}
			made, err := d.keys.FinishEnrolment(t.Context(), d.person, state, rsaCredential(t, response, c.modulus, c.exponent), d.now)
			a := made.Authenticator
			if c.code == "" {
				if err != nil || len(a.Record) == 0 {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if refused(t, err, bridge.CredentialUntrusted, c.code); len(a.Record) != 0 {
				t.Error("there is something to store")
			}
		})
	}
}

// testDowngrade: what a proof is worth is never the browser's to say.
func testDowngrade(t *testing.T) {
	d, k := newDesk(t), softKey(t, 1)
	k.Flags |= softkey.BackupEligible
	d.enrol(k, d.person)
	state, response := d.answer(k)
	lie := bytes.Replace(response, []byte(`"cross-platform"`), []byte(`"platform"`), 1)
	lie = bytes.Replace(lie, []byte(`"clientExtensionResults":{}`), []byte(`"clientExtensionResults":{"credProps":{"rk":true},"uvm":[[1,1,1]]}`), 1)
	proof, err := d.keys.FinishSignIn(t.Context(), state, lie, d.now)
	if err != nil || proof.Assurance != 2 {
		t.Errorf("assurance %d, %v", proof.Assurance, err)
	}
	// The stored state says what was required, whatever options the browser claims to have had.
	options, state, err := d.keys.BeginSignIn(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	k.Flags = softkey.UserPresent | softkey.BackupEligible
	if response, err = k.Get(bytes.ReplaceAll(options, []byte("required"), []byte("discouraged"))); err != nil {
		t.Fatal(err)
	}
	_, err = d.keys.FinishSignIn(t.Context(), state, response, d.now)
	refused(t, err, bridge.AuthenticationFailed, "key_uv")
}
