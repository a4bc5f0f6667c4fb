package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
)

// ErrSecret: the text is no enrolment secret of a hub.
var ErrSecret = errors.New("channel: not an enrolment secret; it looks like <id>.<secret>")

// Enrol makes a key, has the hub believe it by a one-time secret, and keeps both in the state directory.
func Enrol(ctx context.Context, client *http.Client, issuer, secret, dir string, now time.Time) (Identity, error) {
	id, rest, ok := strings.Cut(secret, ".")
	if !ok || id == "" || rest == "" || len(secret) > 512 {
		return Identity{}, ErrSecret
	}
	if err := access.MakeDir(dir); err != nil {
		return Identity{}, err
	}
	key, err := NewKey()
	if err != nil {
		return Identity{}, err
	}
	i := Identity{ID: id, Issuer: issuer, Key: key}
	proof, err := i.message("enrol", now, nil)
	if err != nil {
		return Identity{}, err
	}
	public, err := jwk(&key.PublicKey)
	if err != nil {
		return Identity{}, err
	}
	body, err := json.Marshal(map[string]any{"secret": secret, "key": public, "proof": proof})
	if err != nil {
		return Identity{}, err
	}
	answer := Identity{}
	if err := post(ctx, client, issuer+"/workstation/enrol", "application/json", body, &answer); err != nil {
		return Identity{}, err
	}
	if answer.ID != id || answer.Issuer != issuer {
		return Identity{}, fmt.Errorf("%w: it answers as %q for workstation %q", ErrRefused, answer.Issuer, answer.ID)
	}
	answer.Key = key
	return answer, answer.save(dir)
}
