<?php
// What SimpleSAMLphp does with an artifact: "library" resolves it as its assertion consumer does, "envelope" prints what it would send.
// Prints JSON. Configuration and metadata are in the working directory.
require '/usr/share/simplesamlphp/lib/_autoload.php';

[, $mode, $artifact, $entity, $service] = $argv;
$sp = \SimpleSAML\Configuration::loadFromArray(
    ['entityid' => $entity, 'privatekey' => 'sp.key', 'certificate' => 'sp.crt'],
    'sp'
);
try {
    if ($mode === 'library') {
        $_REQUEST['SAMLart'] = $artifact;
        $binding = new \SAML2\HTTPArtifact();
        $binding->setSPMetadata($sp);
        $out = ['issuer' => $binding->receive()->getIssuer()->getValue()];
    } else {
        $issuer = new \SAML2\XML\saml\Issuer();
        $issuer->setValue($entity);
        $ask = new \SAML2\ArtifactResolve();
        $ask->setIssuer($issuer);
        $ask->setArtifact($artifact);
        $ask->setDestination($service);
        \SimpleSAML\Module\saml\Message::addSign($sp, \SimpleSAML\Configuration::loadFromArray([], 'hub'), $ask);
        $xml = $ask->toSignedXML();
        $out = ['envelope' => \SAML2\SOAPClient::START_SOAP_ENVELOPE . $xml->ownerDocument->saveXML($xml) . \SAML2\SOAPClient::END_SOAP_ENVELOPE];
    }
} catch (\Throwable $e) {
    $out = ['refused' => $e->getMessage()];
}
echo json_encode($out, JSON_UNESCAPED_SLASHES), "\n";
