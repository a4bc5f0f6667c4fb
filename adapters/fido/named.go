package fido

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// minSecret is the least length of the secret that decoys are made from, in bytes.
const minSecret = 32

// allowed lists the keys of a person that a sign-in names, for keys that cannot find their own credentials. For whoever has none, or does
// not exist, it lists keys that do not exist either, the same ones every time: the list tells nobody who is registered (WebAuthn Level 3, section 14.6.2).
func (k *Keys) allowed(ctx context.Context, uid string) ([]protocol.CredentialDescriptor, error) {
	decoys := k.decoys(uid) // for everybody, so that it takes as long
	own, err := k.enrolled(ctx, uid, needsList)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return nil, err
	}
	if len(own) == 0 {
		return decoys, nil
	}
	return own, nil
}

// needsList: phones and computers find their own credentials, unless they said that they cannot. On a list they would tell that it is
// somebody's: no decoy is of them.
func needsList(c webauthn.Credential) bool {
	if rk := c.Extensions.RK; rk != nil && !*rk {
		return true
	}
	return !slices.Contains(c.Transport, protocol.Internal) && !slices.Contains(c.Transport, protocol.Hybrid)
}

// decoys are made from the secret and what was typed. Lengths and transports are those of keys that people have.
func (k *Keys) decoys(uid string) []protocol.CredentialDescriptor {
	draw := func(what string, n byte) []byte {
		mac := hmac.New(sha256.New, k.options.Secret)
		for _, part := range [][]byte{[]byte(what), {n}, []byte(uid)} {
			mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
			mac.Write(part)
		}
		return mac.Sum(nil)
	}
	kinds := []struct {
		length     int // of a credential id, in bytes
		transports []protocol.AuthenticatorTransport
	}{
		{64, []protocol.AuthenticatorTransport{protocol.USB}}, {48, []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB}},
		{32, []protocol.AuthenticatorTransport{protocol.USB}}, {16, []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB}},
	}
	out := make([]protocol.CredentialDescriptor, 1+int(draw("count", 0)[0])/192)
	for i := range out {
		n := byte(i)
		kind := kinds[int(draw("kind", n)[0])%len(kinds)]
		id := slices.Concat(draw("id", n), draw("more", n))[:kind.length]
		out[i] = protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id, Transport: kind.transports}
	}
	return out
}

// named says whether a sign-in listed keys: those of one person, or made-up ones.
func (s state) named() bool { return len(s.Allowed) > 0 }

// listed says whether a key is one of them.
func (s state) listed(id []byte) bool {
	return slices.ContainsFunc(s.Allowed, func(b []byte) bool { return bytes.Equal(b, id) })
}

// secretFor checks that decoys can be made where they may be needed.
func secretFor(o Options) error {
	if o.Numbers && len(o.Secret) < minSecret {
		return fmt.Errorf("fido: staff numbers need a secret of %d bytes", minSecret)
	}
	return nil
}
