package load

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"time"
)

// logged is as large as the two entries of certificate logs that a public
// certificate carries (RFC 6962).
const logged = 245

// chain makes a certificate for the loopback as a public authority would, as large as
// theirs: RSA of 2,048 bits, with an intermediate that is sent and a root that is not.
func chain() (*x509.CertPool, tls.Certificate, error) {
	now := time.Now()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"Trusted Authority of a Test"}, CommonName: name},
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			IssuingCertificateURL: []string{"http://certs.example.org/root.crt"}, CRLDistributionPoints: []string{"http://crl.example.org/root.crl"}}
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "sync.example.org"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"sync.example.org", "www.sync.example.org"},
		OCSPServer: []string{"http://ocsp.example.org"}, IssuingCertificateURL: []string{"http://certs.example.org/middle.crt"},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: make([]byte, logged)}}}
	var made [][]byte
	var key, above *rsa.PrivateKey
	root := authority("Root")
	issuer := root
	for i, one := range []*x509.Certificate{root, authority("Middle"), leaf} {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
		}
		if i == 0 {
			above = key
		}
		der, err := x509.CreateCertificate(rand.Reader, one, issuer, key.Public(), above)
		if err == nil {
			issuer, err = x509.ParseCertificate(der)
		}
		if err != nil {
			return nil, tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
		}
		if above = key; i == 0 {
			root = issuer
		}
		made = append([][]byte{der}, made...)
	}
	trust := x509.NewCertPool()
	trust.AddCert(root)
	return trust, tls.Certificate{Certificate: made[:2], PrivateKey: key}, nil
}
