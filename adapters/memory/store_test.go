package memory_test

import (
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/storetest"
)

func TestContract(t *testing.T) {
	storetest.All(t, func(*testing.T) storetest.Store { return memory.New() })
}
