package saml2

import (
	"crypto/sha1" //nolint:gosec // the format asks for it: it names a sender and proves nothing
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// kindArtifact is a message of ours that a partner will fetch.
const kindArtifact bridge.ArtifactKind = "saml-artifact"

// artifactLife is how long it waits (SAML Bindings 3.6.5.2: a small number of minutes at most).
const artifactLife = time.Minute

// artifactIndex is the index of our one artifact resolution service.
const artifactIndex = 0

const (
	artifactType   = 4  // SAML Bindings 3.6.4.2
	artifactLength = 44 // type, index, source, handle
	sourceLength   = sha1.Size
)

// artifact is a message's stand-in (SAML Bindings 3.6.4).
type artifact struct {
	index  int
	source [sourceLength]byte // SHA-1 of the sender's entity id
	handle [20]byte
}

func sourceOf(entityID string) [sourceLength]byte { return sha1.Sum([]byte(entityID)) }

func (a artifact) encode() string {
	b := make([]byte, 0, artifactLength)
	b = binary.BigEndian.AppendUint16(b, artifactType)
	b = binary.BigEndian.AppendUint16(b, uint16(a.index)) //nolint:gosec // read from 16 bits, or ours
	b = append(append(b, a.source[:]...), a.handle[:]...)
	return base64.StdEncoding.EncodeToString(b)
}

// readArtifact takes the one type that SAML 2.0 has.
func readArtifact(text string) (artifact, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != artifactLength || binary.BigEndian.Uint16(raw) != artifactType {
		return artifact{}, badRequest("artifact", "The artifact is not one of SAML 2.0.")
	}
	a := artifact{index: int(binary.BigEndian.Uint16(raw[2:]))}
	copy(a.source[:], raw[4:])
	copy(a.handle[:], raw[4+sourceLength:])
	return a, nil
}

// heldMessage is what kindArtifact keeps.
type heldMessage struct {
	Partner string // who may fetch it
	Doc     []byte
}

// newArtifact makes an artifact for a message and the write that keeps the message.
func (p *Provider) newArtifact(partner string, doc []byte, session string) (string, bridge.Write, error) {
	a := artifact{index: artifactIndex, source: sourceOf(p.EntityID)}
	if _, err := io.ReadFull(p.Rand, a.handle[:]); err != nil {
		return "", nil, fmt.Errorf("saml2: randomness: %w", err)
	}
	payload, err := json.Marshal(heldMessage{Partner: partner, Doc: doc})
	if err != nil {
		return "", nil, fmt.Errorf("saml2: write held message: %w", err)
	}
	text := a.encode()
	return text, bridge.PutArtifact{Artifact: bridge.Artifact{
		Kind: kindArtifact, Key: bridge.Key(text), Session: session, Payload: payload, Expires: p.Hub.Clock().Add(artifactLife),
	}}, nil
}
