package fido

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"
)

// keyDescription is what Android's key attestation says of a key (section 8.4.1, and the schema of Android's documentation).
type keyDescription struct {
	level, keyMintLevel asn1.Enumerated // where the statement, and the key, were made
	challenge           []byte
	software, tough     authorizations // as enforced by software, and by hardware
}

// authorizations are the members of an AuthorizationList by tag. Those that no rule asks for are not read: newer versions add some.
type authorizations map[int][]byte

// Tags and values of an AuthorizationList.
const (
	tagPurpose         = 1
	tagAllApplications = 600
	tagOrigin          = 702
	purposeSign        = 2
	originGenerated    = 0
	levelSoftware      = 0
)

// androidKey is the extension with the key description.
func androidKey() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
}

// describesKey: the key was made for this registration, for signing, in hardware, and not for every app (section 8.4). What only software
// says of it does not count.
func describesKey(x statement) error {
	value, err := extension(x.path[0], androidKey())
	if err != nil {
		return err
	}
	d, err := readKeyDescription(value)
	if err != nil {
		return err
	}
	origin, made := d.tough.numbers(tagOrigin)
	purposes, used := d.tough.numbers(tagPurpose)
	_, open := d.tough[tagAllApplications]
	_, also := d.software[tagAllApplications]
	for _, rule := range []struct {
		holds bool
		what  string
	}{
		{bytes.Equal(d.challenge, x.client), "the key was made for another registration"},
		{!open && !also, "every app may use the key"},
		{d.level != levelSoftware && d.keyMintLevel != levelSoftware, "it is software that says so"},
		{made && slices.Equal(origin, []int{originGenerated}), "the key was not made in hardware"},
		{used && slices.Contains(purposes, purposeSign), "the key is not for signing"},
	} {
		if !rule.holds {
			return fmt.Errorf("%w: %s", errStatement, rule.what)
		}
	}
	return nil
}

func readKeyDescription(der []byte) (keyDescription, error) {
	var read struct {
		Version        int
		Level          asn1.Enumerated
		KeyMintVersion int
		KeyMintLevel   asn1.Enumerated
		Challenge      []byte
		UniqueID       []byte
		SoftwareBacked asn1.RawValue
		HardwareBacked asn1.RawValue
	}
	if rest, err := asn1.Unmarshal(der, &read); err != nil || len(rest) > 0 {
		return keyDescription{}, fmt.Errorf("%w: the key description cannot be read", errStatement)
	}
	software, err := readAuthorizations(read.SoftwareBacked)
	if err != nil {
		return keyDescription{}, err
	}
	tough, err := readAuthorizations(read.HardwareBacked)
	return keyDescription{
		level: read.Level, keyMintLevel: read.KeyMintLevel, challenge: read.Challenge, software: software, tough: tough,
	}, err
}

// readAuthorizations reads a list whose members are tagged, each at most once.
func readAuthorizations(list asn1.RawValue) (authorizations, error) {
	if list.Class != asn1.ClassUniversal || list.Tag != asn1.TagSequence || !list.IsCompound {
		return nil, fmt.Errorf("%w: an authorization list that is none", errStatement)
	}
	out := authorizations{}
	for rest := list.Bytes; len(rest) > 0; {
		var member asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &member); err != nil || member.Class != asn1.ClassContextSpecific || !member.IsCompound {
			return nil, fmt.Errorf("%w: an authorization list that cannot be read", errStatement)
		}
		if _, twice := out[member.Tag]; twice {
			return nil, fmt.Errorf("%w: an authorization twice", errStatement)
		}
		out[member.Tag] = member.Bytes
	}
	return out, nil
}

// numbers reads an INTEGER or a SET of them; false: it is not there, or none.
func (a authorizations) numbers(tag int) ([]int, bool) {
	value, ok := a[tag]
	if !ok {
		return nil, false
	}
	var one int
	if rest, err := asn1.Unmarshal(value, &one); err == nil && len(rest) == 0 {
		return []int{one}, true
	}
	var set []int
	rest, err := asn1.UnmarshalWithParams(value, &set, "set")
	return set, err == nil && len(rest) == 0
}
