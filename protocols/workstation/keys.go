package workstation

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// keysLife is how long a partner may keep a workstation's key, in seconds.
const keysLife = "max-age=300"

// keys publishes the key by which partners verify offline proofs of a workstation.
func (p *Provider) keys(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	station, err := p.Workstations.Workstation(r.Context(), id)
	switch {
	case errors.Is(err, trust.ErrUnknownWorkstation), err == nil && !station.Believed():
		writeJSON(w, http.StatusNotFound, problem{"workstation_unknown", "No workstation of this id is believed."})
		return
	case err != nil:
		p.refuse(w, r, "", fmt.Errorf("workstation: keys: %w", err))
		return
	}
	key, err := agent.KeyOf(station)
	if err != nil {
		p.refuse(w, r, id, err)
		return
	}
	w.Header().Set("Cache-Control", keysLife)
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{jose.PublicJWK(key, station.ID, keyring.ES256)}})
}
