package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

// OIDCDocument is the OIDC part. Exactly one of the secret forms is given for clients that have a secret.
type OIDCDocument struct {
	Profile                string   `yaml:"profile,omitempty"`
	Type                   string   `yaml:"type,omitempty"`
	Auth                   string   `yaml:"auth,omitempty"`
	SecretFile             string   `yaml:"secret_file,omitempty"`
	SecretSHA256           string   `yaml:"secret_sha256,omitempty"`
	JWKSFile               string   `yaml:"jwks_file,omitempty"`
	JWKS                   string   `yaml:"jwks,omitempty"`
	JWKSURI                string   `yaml:"jwks_uri,omitempty"`
	TLSName                string   `yaml:"tls_name,omitempty"`
	Grants                 []string `yaml:"grants,omitempty"`
	ResponseTypes          []string `yaml:"response_types,omitempty"`
	Bind                   string   `yaml:"bind,omitempty"`
	DPoPNonce              bool     `yaml:"dpop_nonce,omitempty"`
	RedirectURIs           []string `yaml:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI   string   `yaml:"backchannel_logout_uri,omitempty"`
	FrontchannelLogoutURI  string   `yaml:"frontchannel_logout_uri,omitempty"`
	FrontchannelSession    bool     `yaml:"frontchannel_session,omitempty"`
	EndsItself             bool     `yaml:"ends_itself,omitempty"`
	Scopes                 []string `yaml:"scopes,omitempty"`
	IDTokenAlg             string   `yaml:"id_token_alg,omitempty"`
	PKCE                   *bool    `yaml:"pkce,omitempty"`
	Refresh                bool     `yaml:"refresh,omitempty"`
	DefaultACR             []string `yaml:"default_acr_values,omitempty"`
	Sector                 string   `yaml:"sector,omitempty"`
	OIDCRequestDocument    `yaml:",inline"`
	OIDCClientDocument     `yaml:",inline"`
	OIDCTokenDocument      `yaml:",inline"`
	CIBA                   *CIBADocument  `yaml:"ciba,omitempty"`
	Smart                  *SmartDocument `yaml:"smart,omitempty"`
	IUA                    *IUADocument   `yaml:"iua,omitempty"`
}

// minSecret is the least length of a client secret: they are stored as plain SHA-256, which is right for
// generated, high-entropy secrets only.
const minSecret = 24

func (o OIDCDocument) resolve(fsys fs.FS) (*OIDCDocument, error) {
	if o.SecretFile != "" {
		data, err := readFile(fsys, o.SecretFile)
		if err != nil {
			return nil, err
		}
		secret := strings.TrimRight(string(data), "\r\n")
		if len(secret) < minSecret {
			return nil, fmt.Errorf("%w: the secret in %s is shorter than %d characters", ErrInvalid, o.SecretFile, minSecret)
		}
		sum := sha256.Sum256([]byte(secret))
		o.SecretFile, o.SecretSHA256 = "", hex.EncodeToString(sum[:])
	}
	if o.JWKSFile != "" {
		data, err := readFile(fsys, o.JWKSFile)
		if err != nil {
			return nil, err
		}
		o.JWKSFile, o.JWKS = "", string(data)
	}
	if o.LogoFile != "" {
		data, err := readFile(fsys, o.LogoFile)
		if err != nil {
			return nil, err
		}
		logo, err := ReadLogo(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.LogoFile, err)
		}
		o.LogoFile, o.Logo = "", logo.Encode()
	}
	return &o, nil
}
