// Package metadata is the SAML metadata of partners and of the hub (SAML Metadata 2.0).
//
// It reads the metadata of one entity from a verified document into a typed view ([Parse]) while keeping the bytes it was read
// from, says what is wrong with it ([Lint]), and writes the hub's own metadata ([Publish]). It never reads XML that
// metadata/xmlsec has not let through.
package metadata
