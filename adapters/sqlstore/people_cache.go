package sqlstore

import (
	"bytes"
	"sync"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// cachedPersons bounds the cache: some megabytes.
const cachedPersons = 2000

// personCache saves decoding, not reading: a person is asked for at every issuance, the stored document is
// always read, and what was decoded from the very same bytes before need not be decoded again.
type personCache struct {
	mu   sync.Mutex
	docs map[string]decodedPerson
}

type decodedPerson struct {
	doc    []byte
	person people.Person
}

func (c *personCache) decode(uid string, doc []byte) (people.Person, error) {
	c.mu.Lock()
	known, ok := c.docs[uid]
	c.mu.Unlock()
	if ok && bytes.Equal(known.doc, doc) {
		return known.person.Clone(), nil
	}
	var p people.Person
	if err := decode(doc, &p); err != nil {
		return people.Person{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docs == nil || len(c.docs) >= cachedPersons {
		c.docs = map[string]decodedPerson{}
	}
	c.docs[uid] = decodedPerson{doc, p}
	return p.Clone(), nil
}
