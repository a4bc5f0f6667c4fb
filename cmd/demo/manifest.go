package demo

import (
	"encoding/json"
	"fmt"
)

const manifestName = "demo.json"

// manifest is demo.json: all that a script needs to drive the demo. File names are relative to its folder.
type manifest struct {
	Issuer   string            `json:"issuer"`
	SAML     manifestSAML      `json:"saml"`
	Card     manifestCard      `json:"card"`
	Personas []manifestPersona `json:"personas"`
	Apps     []manifestApp     `json:"apps"`
}

type manifestSAML struct {
	EntityID string `json:"entity_id"`
	Metadata string `json:"metadata"`
}

// manifestCard names the authority of both the cards and the card hosts.
type manifestCard struct {
	CA string `json:"ca"`
}

type manifestPersona struct {
	UID   string        `json:"uid"`
	Name  string        `json:"name"`
	Roles []string      `json:"roles"` // role profile ids
	Card  manifestFiles `json:"card"`
}

type manifestFiles struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

type manifestApp struct {
	Name         string `json:"name"`
	Protocol     string `json:"protocol"` // saml2, oidc or ticket
	URL          string `json:"url"`
	EntityID     string `json:"entity_id,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

func (d *Demo) manifest() manifest {
	m := manifest{
		Issuer: d.issuer, SAML: manifestSAML{d.hub.EntityID(), "hub-metadata.xml"}, Card: manifestCard{"ca.crt"},
		Apps: []manifestApp{
			{Name: d.pas.Name, Protocol: "saml2", URL: d.pas.URL, EntityID: d.pas.ID},
			{Name: d.epr.Name, Protocol: "oidc", URL: d.epr.URL, ClientID: d.epr.ID, ClientSecret: d.epr.secret},
			{Name: d.pathology.Name, Protocol: "ticket", URL: d.pathology.URL, EntityID: d.pathology.ID},
		},
	}
	for _, p := range d.people {
		file := "cards/" + p.Person.UID
		one := manifestPersona{UID: p.Person.UID, Name: p.Person.Name, Roles: []string{}, Card: manifestFiles{file + ".crt", file + ".key"}}
		for _, r := range p.Person.Roles {
			one.Roles = append(one.Roles, r.ID)
		}
		m.Personas = append(m.Personas, one)
	}
	return m
}

// writeManifest is the last step: when the file is there, everything answers.
func (d *Demo) writeManifest() error {
	data, err := json.MarshalIndent(d.manifest(), "", "  ")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return d.save(manifestName, append(data, '\n'))
}
