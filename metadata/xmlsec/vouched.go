package xmlsec

// AcceptVouched lets a document through the gate that a trust administrator vouches for by hand: metadata
// given to `partner apply`. A signature in it proves nothing here and is not looked at. Never for anything
// that arrived over a protocol.
func AcceptVouched(doc []byte, l Limits) (Verified, error) {
	root, err := parse(doc, l)
	if err != nil {
		return Verified{}, err
	}
	return Verified{root: root}, nil
}
