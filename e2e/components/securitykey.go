package components

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// SecurityKey is a virtual FIDO2 key in one tab: CTAP2 over USB, with resident
// credentials and user verification, touched and unlocked at once.
type SecurityKey struct {
	tab *Tab
	id  webauthn.AuthenticatorID
}

// heldCredential is WebAuthn.addCredential with fewer fields than the client
// library sends: Chromium refuses the others for this kind of key.
type heldCredential struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      heldFields               `json:"credential"`
}

type heldFields struct {
	ID              []byte  `json:"credentialId"`
	Resident        bool    `json:"isResidentCredential"`
	RPID            string  `json:"rpId"`
	PrivateKey      []byte  `json:"privateKey"`
	UserHandle      []byte  `json:"userHandle,omitempty"`
	SignCount       float64 `json:"signCount"`
	UserName        string  `json:"userName,omitempty"`
	UserDisplayName string  `json:"userDisplayName,omitempty"`
}

// InsertKey plugs in a security key that holds the credentials (none: a new
// key; those of Credentials: the same key in another browser or tab).
func (t *Tab) InsertKey(tb testing.TB, credentials ...*webauthn.Credential) *SecurityKey {
	tb.Helper()
	return t.insert(tb, func(*webauthn.VirtualAuthenticatorOptions) {}, credentials...)
}

// InsertPasskey is InsertKey for the computer's own authenticator, whose credentials are copied to the owner's other devices.
func (t *Tab) InsertPasskey(tb testing.TB) *SecurityKey {
	tb.Helper()
	return t.insert(tb, func(o *webauthn.VirtualAuthenticatorOptions) {
		o.Transport, o.DefaultBackupEligibility, o.DefaultBackupState = webauthn.AuthenticatorTransportInternal, true, true
	})
}

// InsertSmallKey is InsertKey for one that has no room for credentials, and so must be told which it is asked for.
func (t *Tab) InsertSmallKey(tb testing.TB) *SecurityKey {
	tb.Helper()
	return t.insert(tb, func(o *webauthn.VirtualAuthenticatorOptions) { o.HasResidentKey = false })
}

func (t *Tab) insert(tb testing.TB, change func(*webauthn.VirtualAuthenticatorOptions), credentials ...*webauthn.Credential) *SecurityKey {
	tb.Helper()
	call(tb, t, webauthn.Enable, webauthn.EnableParams{})
	options := &webauthn.VirtualAuthenticatorOptions{
		Protocol:                    webauthn.AuthenticatorProtocolCtap2,
		Transport:                   webauthn.AuthenticatorTransportUsb,
		HasResidentKey:              true,
		HasUserVerification:         true,
		IsUserVerified:              true,
		AutomaticPresenceSimulation: true,
	}
	change(options)
	added := call(tb, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: options})
	key := &SecurityKey{tab: t, id: added.AuthenticatorID}
	addCredential := cdp.Command[heldCredential, cdp.Empty]{Method: webauthn.CommandAddCredential}
	for _, credential := range credentials {
		call(tb, t, addCredential, heldCredential{AuthenticatorID: key.id, Credential: heldFields{
			ID: credential.CredentialID, Resident: true, RPID: credential.RpID, PrivateKey: credential.PrivateKey,
			UserHandle: credential.UserHandle, SignCount: credential.SignCount,
			UserName: credential.UserName, UserDisplayName: credential.UserDisplayName,
		}})
	}
	return key
}

// Credentials returns what the key holds, private keys included.
func (k *SecurityKey) Credentials(tb testing.TB) []*webauthn.Credential {
	tb.Helper()
	return call(tb, k.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: k.id}).Credentials
}

// Verify sets whether the PIN or fingerprint is right from now on.
func (k *SecurityKey) Verify(tb testing.TB, right bool) {
	tb.Helper()
	call(tb, k.tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: k.id, IsUserVerified: right})
}

// Remove pulls the key out.
func (k *SecurityKey) Remove(tb testing.TB) {
	tb.Helper()
	call(tb, k.tab, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: k.id})
}

// call sends one DevTools command to the tab.
func call[P, R any](tb testing.TB, t *Tab, command cdp.Command[P, R], params P) R {
	tb.Helper()
	return run(tb, t, command.Method, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
}
