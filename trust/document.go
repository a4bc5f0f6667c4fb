package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

// Document is a partner as an administrator writes it. Empty means the default that docs/reference/partner.md names.
type Document struct {
	Partner   string             `yaml:"partner"`
	Name      string             `yaml:"name,omitempty"`
	Protocol  Protocol           `yaml:"protocol"`
	Stage     Stage              `yaml:"stage,omitempty"`
	URL       string             `yaml:"url,omitempty"`
	Require   Require            `yaml:"require,omitempty"`
	Subject   SubjectKind        `yaml:"subject,omitempty"`
	Release   []Release          `yaml:"release,omitempty"`
	Session   SessionTerms       `yaml:"session,omitempty"`
	Emergency *EmergencyDocument `yaml:"emergency,omitempty"`
	SAML      *SAMLDocument      `yaml:"saml,omitempty"`
	OIDC      *OIDCDocument      `yaml:"oidc,omitempty"`
	Ticket    *TicketDocument    `yaml:"ticket,omitempty"`
}

// Require is what must hold before anything is issued.
type Require struct {
	Assurance string `yaml:"assurance,omitempty"` // AAL1, AAL2 or AAL3
	Identity  int    `yaml:"identity,omitempty"`
	Role      bool   `yaml:"role,omitempty"`
	When      string `yaml:"when,omitempty"`
}

// Release is one rule, or a named set of rules.
type Release struct {
	Set      string `yaml:"set,omitempty"`
	Name     string `yaml:"name,omitempty"`
	Friendly string `yaml:"friendly,omitempty"`
	Format   string `yaml:"format,omitempty"` // of the name, in SAML: uri, basic or unspecified
	Value    string `yaml:"value,omitempty"`
	When     string `yaml:"when,omitempty"`
}

// SessionTerms bound the session as far as this partner goes.
type SessionTerms struct {
	Idle          Duration `yaml:"idle,omitempty"`
	OnCardRemoval string   `yaml:"on_card_removal,omitempty"` // logout, lock or ignore
}

// SAMLDocument is the SAML part. Metadata is a file name, relative to the document, or nothing when the
// metadata is given beside it. VerifyKeys are who must have signed it: PEM, as ReadVerifyKeys takes it.
type SAMLDocument struct {
	Metadata       string   `yaml:"metadata,omitempty"`
	VerifyWith     string   `yaml:"verify_with,omitempty"` // file
	VerifyKeys     string   `yaml:"verify_keys,omitempty"` // its text
	Sign           string   `yaml:"sign,omitempty"`
	Encrypt        string   `yaml:"encrypt,omitempty"`
	EncryptNameID  bool     `yaml:"encrypt_name_id,omitempty"`
	EncryptWith    string   `yaml:"encrypt_with,omitempty"`
	Algorithm      string   `yaml:"algorithm,omitempty"`
	SigningKey     string   `yaml:"signing_key,omitempty"`
	SignedRequests bool     `yaml:"signed_requests,omitempty"`
	AllowCBC       bool     `yaml:"allow_cbc,omitempty"`
	AsyncLogout    bool     `yaml:"async_logout,omitempty"`
	LaunchTargets  []string `yaml:"launch_targets,omitempty"`

	AllowInclusiveC14N bool     `yaml:"allow_inclusive_c14n,omitempty"`
	AllowSignedInside  bool     `yaml:"allow_signed_inside,omitempty"`
	Contexts           []string `yaml:"contexts,omitempty"`
	DefaultContext     string   `yaml:"default_context,omitempty"`
	StateContext       string   `yaml:"state_context,omitempty"`
	RequestedOnly      bool     `yaml:"requested_only,omitempty"`
	AllowPlainEntityID bool     `yaml:"allow_plain_entity_id,omitempty"`
}

// TicketDocument is the legacy part.
type TicketDocument struct {
	ReturnURLs        []string `yaml:"return_urls,omitempty"`
	Deliver           string   `yaml:"deliver,omitempty"`
	Networks          []string `yaml:"networks,omitempty"`
	CertificateFile   string   `yaml:"certificate_file,omitempty"`
	CertificateSHA256 string   `yaml:"certificate_sha256,omitempty"`
	Life              Duration `yaml:"life,omitempty"`
	Rechecks          bool     `yaml:"rechecks,omitempty"`
	Sign              bool     `yaml:"sign,omitempty"`
}

const (
	documentLimit = 256 << 10 // bytes
	decisionRoom  = 4 << 10   // of them, for what an administrator decides about a document that is stored, such as to suspend the partner
)

// ReadDocuments reads one or more documents of a YAML stream. Unknown keys are errors, all reported at
// once, each with its line. Every error wraps ErrInvalid.
func ReadDocuments(r io.Reader) ([]Document, error) {
	data, err := io.ReadAll(io.LimitReader(r, documentLimit+1))
	if err != nil {
		return nil, fmt.Errorf("trust: read document: %w", err)
	}
	if len(data) > documentLimit {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrInvalid, documentLimit)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var out []Document
	for {
		var d Document
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: nothing in it", ErrInvalid)
	}
	return out, nil
}

// Canonical is the document's one written form: what is stored, exported and compared.
func (d Document) Canonical() ([]byte, error) {
	var buf bytes.Buffer
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("trust: write document: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("trust: write document: %w", err)
	}
	return buf.Bytes(), nil
}

// stored is Canonical, for a document that can be read again: what files and registrations bring stands in it. The error wraps ErrInvalid.
func (d Document) stored() ([]byte, error) {
	document, err := d.Canonical()
	if err == nil && len(document) > documentLimit-decisionRoom {
		return nil, fmt.Errorf("%w: with all that it names it would be larger than %d bytes", ErrInvalid, documentLimit-decisionRoom)
	}
	return document, err
}

// Resolve reads the files a document names, from fsys, into it: metadata is returned, secrets become
// hashes, certificates their fingerprints, key sets text. What is left names no file.
func (d Document) Resolve(fsys fs.FS) (Document, []byte, error) {
	var metadata []byte
	if d.SAML != nil {
		var err error
		if d.SAML, metadata, err = d.SAML.resolve(fsys); err != nil {
			return d, nil, err
		}
	}
	if d.OIDC != nil {
		oidc, err := d.OIDC.resolve(fsys)
		if err != nil {
			return d, nil, err
		}
		d.OIDC = oidc
	}
	if d.Ticket != nil && d.Ticket.CertificateFile != "" {
		data, err := readFile(fsys, d.Ticket.CertificateFile)
		if err != nil {
			return d, nil, err
		}
		block, _ := pem.Decode(data)
		if block == nil || block.Type != "CERTIFICATE" {
			return d, nil, fmt.Errorf("%w: %s holds no certificate", ErrInvalid, d.Ticket.CertificateFile)
		}
		ticket, sum := *d.Ticket, sha256.Sum256(block.Bytes)
		ticket.CertificateFile, ticket.CertificateSHA256 = "", hex.EncodeToString(sum[:])
		d.Ticket = &ticket
	}
	return d, metadata, nil
}

func (d *SAMLDocument) resolve(fsys fs.FS) (*SAMLDocument, []byte, error) {
	out := *d
	var metadata []byte
	if d.Metadata != "" {
		var err error
		if metadata, err = readFile(fsys, d.Metadata); err != nil {
			return nil, nil, err
		}
		out.Metadata = ""
	}
	if d.VerifyWith != "" {
		keys, err := readFile(fsys, d.VerifyWith)
		if err != nil {
			return nil, nil, err
		}
		if _, err := ReadVerifyKeys(keys); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", d.VerifyWith, err)
		}
		out.VerifyWith, out.VerifyKeys = "", string(keys)
	}
	return &out, metadata, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	if fsys == nil {
		return nil, fmt.Errorf("%w: %s: files cannot be named here", ErrInvalid, name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20+1))
	if err != nil {
		return nil, fmt.Errorf("trust: read %s: %w", name, err)
	}
	if len(data) > 1<<20 {
		return nil, fmt.Errorf("%w: %s is larger than 1 MiB", ErrInvalid, name)
	}
	return data, nil
}
