package gpobject

import (
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// Write writes a document as the field's broker does: XML declaration, DOCTYPE with the address of the DTD (none if it is empty), one
// parameter a line, attributes in the order name, encoding, id, orgcode. Agents of the field read it line by line and by regular
// expressions: a line break in a value becomes a space.
func Write(dtd string, o Object) []byte {
	w := append(make([]byte, 0, 2048), `<?xml version="1.0" encoding="UTF-8"?>`+"\n"...)
	if dtd != "" {
		w = append(w, `<!DOCTYPE USER SYSTEM "`...)
		w = append(xmlsec.EscapeAttr(w, dtd), "\">\n"...)
	}
	w = append(w, "<gpOBJECT>\n"...)
	for _, p := range o {
		w = append(w, "<gpPARAM"...)
		w = attribute(w, "name", p.Name)
		w = attribute(w, "encoding", p.Encoding)
		w = attribute(w, "id", p.ID)
		w = attribute(w, "orgcode", p.OrgCode)
		w = append(w, '>')
		w = xmlsec.EscapeText(w, xmlsec.OneLine(p.Value))
		w = append(w, "</gpPARAM>\n"...)
	}
	return append(w, "</gpOBJECT>\n"...)
}

func attribute(w []byte, name, value string) []byte {
	if value == "" {
		return w
	}
	w = append(append(append(w, ' '), name...), `="`...)
	return append(xmlsec.EscapeAttr(w, xmlsec.OneLine(value)), '"')
}

// DTD describes the format, for agents that fetch what the DOCTYPE names.
const DTD = `<!ELEMENT gpOBJECT (gpPARAM*)>
<!ELEMENT gpPARAM (#PCDATA)>
<!ATTLIST gpPARAM name CDATA #REQUIRED encoding CDATA #IMPLIED id CDATA #IMPLIED orgcode CDATA #IMPLIED>
`
