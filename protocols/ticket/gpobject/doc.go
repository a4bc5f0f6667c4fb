// Package gpobject reads and writes the documents that Smartcard agents of the field and their broker exchange: a gpOBJECT with
// gpPARAM elements, each with a name. It knows no hub, no session and no HTTP.
//
// What comes in is read by the gate of metadata/xmlsec, with one exception that exists here alone: agents write the literal
// <!DOCTYPE USER SYSTEM "gpOBJECT.DTD"> before the root element. It is cut out, once and only there, and never resolved. Any other
// DOCTYPE, a processing instruction, a comment, a CDATA section and every entity but the five of XML are refused.
package gpobject
