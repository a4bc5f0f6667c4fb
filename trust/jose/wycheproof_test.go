//go:build wycheproof

package jose

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The vectors of Project Wycheproof for JSON Web Signatures and Keys. .ci/fetch-vectors wycheproof fetches them; `make wycheproof`
// does both. Not every machine can reach where they are, so they are no part of `make test`: rows of our own say the same.

var wycheproofFiles = map[string]string{ // to SHA-256
	"json_web_signature_test.json": "8e687a06fe8359f4ec51480f1a9f73c8faebd6f4c01b818b843b44eee54fd5d9",
	"json_web_key_test.json":       "be983255bce26406f97020ec5458b33930a90d5f868e604fcd569c300aba2862",
}

type vectorFile struct {
	Groups []struct {
		Comment string          `json:"comment"`
		Public  json.RawMessage `json:"public"`
		Private json.RawMessage `json:"private"`
		Tests   []vector        `json:"tests"`
	} `json:"testGroups"`
}

type vector struct {
	ID      int    `json:"tcId"`
	Comment string `json:"comment"`
	JWS     any    `json:"jws"`
	Result  string `json:"result"`
}

func TestWycheproof(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range wycheproofFiles {
		data, err := os.ReadFile(filepath.Join(cache, "lanyard-vectors", "wycheproof", name))
		if err != nil {
			t.Fatal("run .ci/fetch-vectors wycheproof: ", err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
			t.Fatalf("%s has another checksum", name)
		}
		var file vectorFile
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		ran := map[bool]int{}
		for _, g := range file.Groups {
			for _, v := range g.Tests {
				t.Run(fmt.Sprintf("%s/%d", strings.TrimSuffix(name, ".json"), v.ID), func(t *testing.T) {
					key := g.Public
					if key == nil {
						key = g.Private
					}
					err := v.run(key)
					ran[err == nil]++
					if want := v.Result == "valid" && !v.stricter(name, key); want != (err == nil) {
						t.Errorf("%s, %s: %v, want %s", g.Comment, v.Comment, err, v.Result)
					}
				})
			}
		}
		t.Logf("%s: %d accepted, %d refused", name, ran[true], ran[false])
	}
}

func (v vector) run(key []byte) error {
	set := key
	if !strings.Contains(string(key), `"keys"`) {
		set = fmt.Appendf(nil, `{"keys":[%s]}`, key)
	}
	keys, err := ReadKeySet(set)
	if err != nil {
		return err
	}
	token, ok := v.JWS.(string)
	if !ok {
		return fmt.Errorf("not in compact form: %T", v.JWS)
	}
	_, err = Verify(token, keys, Rules{Algorithms: Algorithms(), Types: []string{"", "JWT"}})
	return err
}

// stricter reports whether this room refuses a valid vector, and should: where a key is symmetric, and where the alg of the JWK is
// not that of the token (one says PS256 of a PS384 signature, one says ES521).
func (v vector) stricter(name string, key []byte) bool {
	return strings.Contains(strings.ReplaceAll(string(key), " ", ""), `"kty":"oct"`) ||
		strings.HasPrefix(name, "json_web_signature") && slices.Contains([]int{346, 347, 350, 351}, v.ID)
}
