package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Bounds of a key set.
const (
	maxSet  = 256 << 10 // bytes
	maxKeys = 100
)

// KeySet is the keys that may verify what one party signs. The zero value verifies nothing.
type KeySet struct {
	keys    []Key
	skipped []string
}

// ReadKeySet reads a JWK Set (RFC 7517, section 5). A key that cannot verify here is passed over. The set is refused if it is not
// well formed, too large, holds a private or symmetric key or two keys that could both be meant, or if no key is left.
func ReadKeySet(data []byte) (KeySet, error) {
	if len(data) > maxSet {
		return KeySet{}, broken(ErrKeys, "key set is larger than %d KiB", maxSet>>10)
	}
	members, err := readObject(data)
	if err != nil {
		return KeySet{}, broken(ErrKeys, "key set is no JWK Set: %s", err)
	}
	var list []json.RawMessage
	raw := Claims{members}.Raw("keys")
	if raw == nil || raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		return KeySet{}, broken(ErrKeys, "key set has no array of keys")
	}
	if len(list) > maxKeys {
		return KeySet{}, broken(ErrKeys, "key set holds %d keys, more than %d", len(list), maxKeys)
	}
	var s KeySet
	for i, raw := range list {
		if err := s.take(i, raw); err != nil {
			return KeySet{}, err
		}
	}
	if len(s.keys) == 0 {
		return KeySet{}, broken(ErrKeys, "key set holds no key that may verify%s", s.why())
	}
	return s, nil
}

// take reads one key of a set.
func (s *KeySet) take(i int, raw []byte) error {
	members, err := readObject(raw)
	if err != nil {
		return broken(ErrKeys, "key %d of the set is %s", i+1, err)
	}
	k, err := readKey(Claims{members})
	switch {
	case errors.Is(err, errSecret):
		return broken(ErrKeys, "key %d of the set cannot be taken: %s", i+1, err)
	case err != nil:
		s.skipped = append(s.skipped, fmt.Sprintf("key %d: %s", i+1, err))
		return nil
	}
	for _, other := range s.keys {
		if k.ID != "" && k.ID == other.ID && overlap(k, other) {
			return broken(ErrKeys, "key set holds two keys of the kid %s that the same alg could mean", shown(k.ID))
		}
	}
	s.keys = append(s.keys, k)
	return nil
}

// overlap reports whether an algorithm fits both keys.
func overlap(a, b Key) bool {
	for _, m := range methods {
		if a.fits(m) && b.fits(m) {
			return true
		}
	}
	return false
}

func (s KeySet) why() string {
	if len(s.skipped) == 0 {
		return ""
	}
	return ": " + strings.Join(s.skipped, "; ")
}

// Skipped says of each key that was passed over why.
func (s KeySet) Skipped() []string { return s.skipped }

// Keys are those that may verify.
func (s KeySet) Keys() []Key { return s.keys }

// maxTries is how many keys are tried for one token. Only tokens without a kid, and keys without one, need more than one try.
const maxTries = 4

// candidates are the keys that a header could mean: those of its kid; where there is none, those without a name; and without a kid
// all that fit the algorithm.
func (s KeySet) candidates(kid string, m method) ([]Key, error) {
	var named, fit []Key
	for _, k := range s.keys {
		switch {
		case !k.fits(m):
		case kid != "" && k.ID == kid:
			named = append(named, k)
		case kid == "" || k.ID == "":
			fit = append(fit, k)
		}
	}
	switch {
	case len(named) > 0:
		return named, nil
	case len(fit) > maxTries:
		return nil, broken(ErrKeyID, "%d registered keys fit the alg %s, and more than %d are not tried: keys and tokens need a kid", len(fit), m.name, maxTries)
	case len(fit) > 0:
		return fit, nil
	case kid == "":
		return nil, broken(ErrKeyID, "no registered key fits the alg %s", m.name)
	}
	return nil, broken(ErrKeyID, "no registered key fits the kid %s and the alg %s", shown(kid), m.name)
}

// SetOf holds keys that were read before. A private or symmetric key is the caller's mistake: none can verify.
func SetOf(keys ...Key) KeySet { return KeySet{keys: keys} }

// OwnKeys are the public keys of a ring, as they are published: what the hub signed with them comes back in hints.
func OwnKeys(keys []keyring.Key) KeySet {
	var s KeySet
	for _, k := range keys {
		for _, alg := range k.Algorithms() {
			s.keys = append(s.keys, Key{ID: KeyID(k, alg), Algorithm: alg, Public: k.Signer.Public()})
		}
	}
	return s
}
