import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Properties;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.mail.Session;
import javax.mail.internet.MimeBodyPart;
import javax.mail.internet.MimeMessage;
import javax.mail.internet.MimeMultipart;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.smime.SMIMECapabilitiesAttribute;
import org.bouncycastle.asn1.smime.SMIMECapabilityVector;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.SymmetricKeyAlgorithmTags;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedDataStreamGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSSignedDataStreamGenerator;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.SMIMEEnveloped;
import org.bouncycastle.mail.smime.SMIMEEnvelopedGenerator;
import org.bouncycastle.mail.smime.SMIMESigned;
import org.bouncycastle.mail.smime.SMIMESignedGenerator;
import org.bouncycastle.openpgp.PGPCompressedData;
import org.bouncycastle.openpgp.PGPEncryptedData;
import org.bouncycastle.openpgp.PGPEncryptedDataGenerator;
import org.bouncycastle.openpgp.PGPEncryptedDataList;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPLiteralData;
import org.bouncycastle.openpgp.PGPLiteralDataGenerator;
import org.bouncycastle.openpgp.PGPOnePassSignature;
import org.bouncycastle.openpgp.PGPOnePassSignatureList;
import org.bouncycastle.openpgp.PGPPBEEncryptedData;
import org.bouncycastle.openpgp.PGPPrivateKey;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyEncryptedData;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPSecretKey;
import org.bouncycastle.openpgp.PGPSecretKeyRing;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPSignatureSubpacketGenerator;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.jcajce.JcaPGPObjectFactory;
import org.bouncycastle.openpgp.operator.jcajce.JcaKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPContentVerifierBuilderProvider;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPDigestCalculatorProviderBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePBEDataDecryptorFactoryBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePBEKeyEncryptionMethodGenerator;
import org.bouncycastle.openpgp.operator.jcajce.JcePBESecretKeyDecryptorBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePGPDataEncryptorBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePublicKeyDataDecryptorFactoryBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePublicKeyKeyEncryptionMethodGenerator;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.util.Store;

/**
 * Bouncy Castle in one warm JVM: for the interoperability matrix, and as the peer of `sealpost bench seal`.
 *
 * It reads a job a line, words between tabs, and answers with a line: `ok` and perhaps a figure, or `failed` and why.
 */
public class BouncyCastle {
    private static final String BC = "BC";

    public static void main(String[] args) throws IOException {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            String answer;
            try {
                answer = "ok\t" + job(line.split("\t"));
            } catch (Throwable broken) {
                answer = "failed\t" + words(broken);
            }
            System.out.println(answer.replace('\n', ' '));
            System.out.flush();
        }
    }

    private static String words(Throwable broken) {
        StringBuilder all = new StringBuilder();
        for (Throwable one = broken; one != null; one = one.getCause()) {
            all.append(all.length() == 0 ? "" : ": ").append(one.getClass().getSimpleName()).append(' ').append(one.getMessage());
        }
        return all.toString();
    }

    private static String job(String[] words) throws Exception {
        switch (words[0]) {
            case "sign":
                return sign(words[1], words[2], words[3], words[4].equals("opaque"), words[5].equals("ber"), words[6], words[7]);
            case "verify":
                return verify(words[1], words[2], words[3]);
            case "encrypt":
                return encrypt(words[1], words[2], words[3].equals("ber"), words[4], words[5], Arrays.asList(words).subList(6, words.length));
            case "decrypt":
                return decrypt(words[1], words[2], words[3], words[4]);
            case "seal":
                write(words[6], new Mails(words[1], words[2], words[3], words[4], BC).seal(read(words[5])));
                return "";
            case "open":
                write(words[6], new Mails(words[1], words[2], words[3], words[4], BC).open(read(words[5])));
                return "";
            case "pgp-sign":
                write(words[3], new OpenPgp(words[1], BC).sign(read(words[2])));
                return "";
            case "pgp-verify":
                OpenPgp.verify(words[1], read(words[2]), read(words[3]), BC);
                return "";
            case "pgp-seal":
                write(words[3], new OpenPgp(words[1], BC).seal(read(words[2]), Arrays.asList(words).subList(4, words.length)));
                return "";
            case "pgp-open":
                write(words[4], new OpenPgp(words[1], BC).open(read(words[3]), words[2]));
                return "";
            case "pgp-lock":
                write(words[3], OpenPgp.lock(read(words[2]), Arrays.asList(words).subList(4, words.length), words[1]));
                return "";
            case "pgp-unlock":
                write(words[3], OpenPgp.unlock(read(words[2]), words[1]));
                return "";
            case "bench":
                return bench(words);
            default:
                throw new IllegalArgumentException("no such job");
        }
    }

    static byte[] read(String file) throws IOException {
        return Files.readAllBytes(Path.of(file));
    }

    static void write(String file, byte[] bytes) throws IOException {
        Files.write(Path.of(file), bytes);
    }

    static X509Certificate certificate(String file) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(read(file)));
    }

    static PrivateKey key(String file, X509Certificate certificate) throws Exception {
        String kind = certificate.getPublicKey().getAlgorithm();
        return KeyFactory.getInstance(kind, kind.equals("RSA") ? "SunRsaSign" : BC).generatePrivate(new PKCS8EncodedKeySpec(read(file)));
    }

    // Signatures.

    private static String sign(String algorithm, String key, String certificate, boolean isOpaque, boolean isBer, String in, String out)
            throws Exception {
        X509Certificate own = certificate(certificate);
        JcaSimpleSignerInfoGeneratorBuilder builder = new JcaSimpleSignerInfoGeneratorBuilder().setProvider(BC);
        var info = builder.build(algorithm, key(key, own), own);
        if (isBer) {
            CMSSignedDataStreamGenerator generator = new CMSSignedDataStreamGenerator();
            generator.setBufferSize(1000);
            generator.addSignerInfoGenerator(info);
            generator.addCertificates(new JcaCertStore(List.of(own)));
            ByteArrayOutputStream made = new ByteArrayOutputStream();
            try (OutputStream content = generator.open(made, isOpaque)) {
                content.write(read(in));
            }
            write(out, made.toByteArray());
            return "";
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(info);
        generator.addCertificates(new JcaCertStore(List.of(own)));
        write(out, generator.generate(new CMSProcessableByteArray(read(in)), isOpaque).getEncoded("DER"));
        return "";
    }

    private static String verify(String in, String content, String out) throws Exception {
        boolean isOpaque = content.equals("-");
        CMSSignedData signed = isOpaque
                ? new CMSSignedData(read(in))
                : new CMSSignedData(new CMSProcessableByteArray(read(content)), read(in));
        if (!allGood(signed.getSignerInfos().getSigners(), signed.getCertificates(), BC)) {
            throw new CMSException("the signature is wrong");
        }
        write(out, isOpaque ? (byte[]) signed.getSignedContent().getContent() : read(content));
        return "";
    }

    static boolean allGood(Collection<SignerInformation> signers, Store<X509CertificateHolder> certificates, String provider)
            throws Exception {
        boolean isGood = !signers.isEmpty();
        for (SignerInformation signer : signers) {
            @SuppressWarnings("unchecked")
            Collection<X509CertificateHolder> own = certificates.getMatches(signer.getSID());
            JcaSimpleSignerInfoVerifierBuilder builder = new JcaSimpleSignerInfoVerifierBuilder();
            if (provider != null) {
                builder.setProvider(provider);
            }
            isGood &= !own.isEmpty() && signer.verify(builder.build(own.iterator().next()));
        }
        return isGood;
    }

    // Encryption.

    private static ASN1ObjectIdentifier cipher(String name) {
        switch (name) {
            case "aes-128-cbc": return CMSAlgorithm.AES128_CBC;
            case "aes-192-cbc": return CMSAlgorithm.AES192_CBC;
            case "aes-256-cbc": return CMSAlgorithm.AES256_CBC;
            case "aes-128-gcm": return CMSAlgorithm.AES128_GCM;
            case "aes-256-gcm": return CMSAlgorithm.AES256_GCM;
            case "3des": return CMSAlgorithm.DES_EDE3_CBC;
            case "rc2-128": case "rc2-64": case "rc2-40": return CMSAlgorithm.RC2_CBC;
            default: throw new IllegalArgumentException("no such cipher");
        }
    }

    static OutputEncryptor encryptor(String name, String provider) throws Exception {
        JceCMSContentEncryptorBuilder builder = name.startsWith("rc2-")
                ? new JceCMSContentEncryptorBuilder(cipher(name), Integer.parseInt(name.substring(4)))
                : new JceCMSContentEncryptorBuilder(cipher(name));
        return (provider == null ? builder : builder.setProvider(provider)).build();
    }

    static RecipientInfoGenerator recipient(X509Certificate certificate, String transport, String cipher, String provider) throws Exception {
        String kind = certificate.getPublicKey().getAlgorithm();
        if (kind.equals("RSA")) {
            JceKeyTransRecipientInfoGenerator generator = new JceKeyTransRecipientInfoGenerator(certificate);
            if (transport.startsWith("oaep-")) {
                String digest = transport.equals("oaep-sha1") ? "SHA-1" : "SHA-256";
                OAEPParameterSpec parameters =
                        new OAEPParameterSpec(digest, "MGF1", new MGF1ParameterSpec(digest), PSource.PSpecified.DEFAULT);
                generator = new JceKeyTransRecipientInfoGenerator(certificate,
                        new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters));
            }
            return provider == null ? generator : generator.setProvider(provider);
        }
        KeyPairGenerator pairs = kind.equals("EC") ? KeyPairGenerator.getInstance("EC", BC) : KeyPairGenerator.getInstance(kind, BC);
        if (kind.equals("EC")) {
            pairs.initialize(((java.security.interfaces.ECPublicKey) certificate.getPublicKey()).getParams());
        }
        KeyPair once = pairs.generateKeyPair();
        boolean isLarge = cipher.contains("256");
        ASN1ObjectIdentifier way = isLarge && kind.equals("EC") && certificate.getPublicKey().getEncoded().length > 100
                ? CMSAlgorithm.ECDH_SHA384KDF : CMSAlgorithm.ECDH_SHA256KDF;
        JceKeyAgreeRecipientInfoGenerator generator = new JceKeyAgreeRecipientInfoGenerator(
                way, once.getPrivate(), once.getPublic(), isLarge ? CMSAlgorithm.AES256_WRAP : CMSAlgorithm.AES128_WRAP);
        return generator.addRecipient(certificate).setProvider(BC);
    }

    private static String encrypt(String cipher, String transport, boolean isBer, String in, String out, List<String> certificates)
            throws Exception {
        OutputEncryptor encryptor = encryptor(cipher, BC);
        List<RecipientInfoGenerator> recipients = new ArrayList<>();
        for (String one : certificates) {
            recipients.add(recipient(certificate(one), transport, cipher, BC));
        }
        CMSProcessableByteArray content = new CMSProcessableByteArray(read(in));
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        if (encryptor instanceof OutputAEADEncryptor) {
            OutputAEADEncryptor aead = (OutputAEADEncryptor) encryptor;
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            made.write(generator.generate(content, aead).toASN1Structure().getEncoded(isBer ? "BER" : "DER"));
        } else if (isBer) {
            CMSEnvelopedDataStreamGenerator generator = new CMSEnvelopedDataStreamGenerator();
            generator.setBufferSize(1000);
            recipients.forEach(generator::addRecipientInfoGenerator);
            try (OutputStream stream = generator.open(made, encryptor)) {
                stream.write(read(in));
            }
        } else {
            CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
            recipients.forEach(generator::addRecipientInfoGenerator);
            made.write(generator.generate(content, encryptor).toASN1Structure().getEncoded("DER"));
        }
        write(out, made.toByteArray());
        return "";
    }

    private static String decrypt(String key, String certificate, String in, String out) throws Exception {
        X509Certificate own = certificate(certificate);
        byte[] sealed = read(in);
        boolean isAuthenticated = org.bouncycastle.asn1.cms.ContentInfo.getInstance(sealed).getContentType()
                .equals(org.bouncycastle.asn1.cms.CMSObjectIdentifiers.authEnvelopedData);
        RecipientInformationStore recipients = isAuthenticated
                ? new CMSAuthEnvelopedData(sealed).getRecipientInfos()
                : new CMSEnvelopedData(sealed).getRecipientInfos();
        write(out, content(recipients, key(key, own), own, isAuthenticated, BC));
        return "";
    }

    static byte[] content(RecipientInformationStore recipients, PrivateKey key, X509Certificate own, boolean isAuthenticated, String provider)
            throws Exception {
        for (RecipientInformation one : recipients.getRecipients()) {
            if (one.getRID().match(new X509CertificateHolder(own.getEncoded()))) {
                return one.getContent(opener(key, isAuthenticated, provider));
            }
        }
        throw new CMSException("no recipient is this one");
    }

    private static Recipient opener(PrivateKey key, boolean isAuthenticated, String provider) {
        if (!key.getAlgorithm().equals("RSA")) {
            return new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC);
        }
        if (isAuthenticated) {
            return new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC);
        }
        JceKeyTransEnvelopedRecipient recipient = new JceKeyTransEnvelopedRecipient(key);
        if (provider != null) {
            recipient.setProvider(provider);
        }
        return recipient;
    }

    /** Whole mails through JavaMail, as programs on it do it. */
    private static class Mails {
        private final String algorithm;
        private final String cipher;
        private final String provider;
        private final X509Certificate own;
        private final PrivateKey key;
        private final Session session = Session.getInstance(new Properties());

        /** `algorithm` signs; `cipher` encrypts for the certificate of the signer itself. */
        Mails(String algorithm, String cipher, String key, String certificate, String provider) throws Exception {
            this.algorithm = algorithm;
            this.cipher = cipher;
            this.provider = provider;
            own = certificate(certificate);
            this.key = key(key, own);
        }

        byte[] seal(byte[] mail) throws Exception {
            MimeMessage message = new MimeMessage(session, new ByteArrayInputStream(mail));
            SMIMECapabilityVector capabilities = new SMIMECapabilityVector();
            capabilities.addCapability(CMSAlgorithm.AES256_CBC);
            ASN1EncodableVector attributes = new ASN1EncodableVector();
            attributes.add(new SMIMECapabilitiesAttribute(capabilities));
            JcaSimpleSignerInfoGeneratorBuilder builder = new JcaSimpleSignerInfoGeneratorBuilder();
            if (provider != null) {
                builder.setProvider(provider);
            }
            builder.setSignedAttributeGenerator(new AttributeTable(attributes));
            SMIMESignedGenerator signer = new SMIMESignedGenerator();
            signer.addSignerInfoGenerator(builder.build(algorithm, key, own));
            signer.addCertificates(new JcaCertStore(List.of(own)));
            MimeMultipart signed = signer.generate(message);
            MimeBodyPart inner = new MimeBodyPart();
            inner.setContent(signed);
            SMIMEEnvelopedGenerator sealer = new SMIMEEnvelopedGenerator();
            sealer.addRecipientInfoGenerator(recipient(own, "pkcs1", cipher, provider));
            MimeBodyPart sealed = sealer.generate(inner, encryptor(cipher, provider));
            MimeMessage out = new MimeMessage(session);
            out.setHeader("From", message.getHeader("From", null));
            out.setHeader("To", message.getHeader("To", null));
            out.setHeader("Subject", message.getHeader("Subject", null));
            out.setContent(sealed.getContent(), sealed.getContentType());
            out.saveChanges();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            out.writeTo(bytes);
            return bytes.toByteArray();
        }

        /** The same without JavaMail, as fast as its CMS alone does it: signed beside the content, then encrypted, in base64. */
        byte[] sealBare(byte[] mail) throws Exception {
            JcaSimpleSignerInfoGeneratorBuilder builder = new JcaSimpleSignerInfoGeneratorBuilder();
            if (provider != null) {
                builder.setProvider(provider);
            }
            CMSSignedDataGenerator signer = new CMSSignedDataGenerator();
            signer.addSignerInfoGenerator(builder.build(algorithm, key, own));
            signer.addCertificates(new JcaCertStore(List.of(own)));
            byte[] signature = signer.generate(new CMSProcessableByteArray(mail)).getEncoded("DER");
            ByteArrayOutputStream signed = new ByteArrayOutputStream(mail.length + 8192);
            signed.write(mail);
            signed.write(java.util.Base64.getMimeEncoder().encode(signature));
            CMSEnvelopedDataGenerator sealer = new CMSEnvelopedDataGenerator();
            sealer.addRecipientInfoGenerator(recipient(own, "pkcs1", cipher, provider));
            byte[] sealed = sealer.generate(new CMSProcessableByteArray(signed.toByteArray()), encryptor(cipher, provider))
                    .toASN1Structure().getEncoded("DER");
            return java.util.Base64.getMimeEncoder().encode(sealed);
        }

        /** The entity that was signed. */
        byte[] open(byte[] mail) throws Exception {
            MimeMessage message = new MimeMessage(session, new ByteArrayInputStream(mail));
            byte[] inner = content(new SMIMEEnveloped(message).getRecipientInfos(), key, own, false, provider);
            MimeMessage within = new MimeMessage(session, new ByteArrayInputStream(inner));
            SMIMESigned signed = within.isMimeType("multipart/signed")
                    ? new SMIMESigned((MimeMultipart) within.getContent())
                    : new SMIMESigned(within);
            if (!allGood(signed.getSignerInfos().getSigners(), signed.getCertificates(), provider)) {
                throw new CMSException("the signature is wrong");
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            signed.getContent().writeTo(bytes);
            return bytes.toByteArray();
        }
    }

    /** OpenPGP by its part for that. */
    private static class OpenPgp {
        private final PGPSecretKeyRing keys;
        private final String provider;

        OpenPgp(String key, String provider) throws Exception {
            keys = new PGPSecretKeyRing(PGPUtil.getDecoderStream(new ByteArrayInputStream(read(key))), new JcaKeyFingerprintCalculator());
            this.provider = provider;
        }

        private static PGPPublicKeyRing certificate(String file) throws Exception {
            return new PGPPublicKeyRing(PGPUtil.getDecoderStream(new ByteArrayInputStream(read(file))), new JcaKeyFingerprintCalculator());
        }

        private PGPPrivateKey unlocked(PGPSecretKey key) throws Exception {
            return key.extractPrivateKey(new JcePBESecretKeyDecryptorBuilder().setProvider(BC).build(new char[0]));
        }

        /** A key below the first one that encrypts; the first of RSA says that it could, too. */
        private static PGPPublicKey encrypting(PGPPublicKeyRing ring) throws PGPException {
            PGPPublicKey found = null;
            for (PGPPublicKey one : ring) {
                found = one.isEncryptionKey() ? one : found;
            }
            if (found == null) {
                throw new PGPException("no key that encrypts");
            }
            return found;
        }

        private PGPSignatureGenerator signer() throws Exception {
            PGPSecretKey key = keys.getSecretKey();
            PGPSignatureGenerator signer = new PGPSignatureGenerator(
                    new JcaPGPContentSignerBuilder(key.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512).setProvider(provider));
            signer.init(PGPSignature.BINARY_DOCUMENT, unlocked(key));
            PGPSignatureSubpacketGenerator said = new PGPSignatureSubpacketGenerator();
            said.setSignatureCreationTime(false, new Date());
            said.setIssuerFingerprint(false, key.getPublicKey());
            signer.setHashedSubpackets(said.generate());
            return signer;
        }

        byte[] sign(byte[] content) throws Exception {
            PGPSignatureGenerator signer = signer();
            signer.update(content);
            return signer.generate().getEncoded();
        }

        static void verify(String certificate, byte[] signature, byte[] content, String provider) throws Exception {
            PGPSignatureList all = (PGPSignatureList) new JcaPGPObjectFactory(PGPUtil.getDecoderStream(new ByteArrayInputStream(signature))).nextObject();
            PGPSignature one = all.get(0);
            one.init(new JcaPGPContentVerifierBuilderProvider().setProvider(provider), certificate(certificate).getPublicKey(one.getKeyID()));
            one.update(content);
            if (!one.verify()) {
                throw new PGPException("the signature is wrong");
            }
        }

        byte[] seal(byte[] content, List<String> certificates) throws Exception {
            PGPEncryptedDataGenerator sealer = new PGPEncryptedDataGenerator(
                    new JcePGPDataEncryptorBuilder(SymmetricKeyAlgorithmTags.AES_256).setWithIntegrityPacket(true).setProvider(provider));
            for (String one : certificates) {
                sealer.addMethod(new JcePublicKeyKeyEncryptionMethodGenerator(encrypting(certificate(one))).setProvider(provider));
            }
            ByteArrayOutputStream made = new ByteArrayOutputStream();
            PGPSignatureGenerator signer = signer();
            try (ArmoredOutputStream armor = new ArmoredOutputStream(made); OutputStream sealed = sealer.open(armor, new byte[8192])) {
                signer.generateOnePassVersion(false).encode(sealed);
                try (OutputStream plain = new PGPLiteralDataGenerator().open(sealed, 'b', "", content.length, new Date())) {
                    plain.write(content);
                }
                signer.update(content);
                signer.generate().encode(sealed);
            }
            return made.toByteArray();
        }

        byte[] open(byte[] message, String certificate) throws Exception {
            Object first = new JcaPGPObjectFactory(PGPUtil.getDecoderStream(new ByteArrayInputStream(message))).nextObject();
            for (PGPEncryptedData each : (PGPEncryptedDataList) first) {
                PGPPublicKeyEncryptedData one = (PGPPublicKeyEncryptedData) each;
                PGPSecretKey key = keys.getSecretKey(one.getKeyID());
                if (key == null) {
                    continue;
                }
                InputStream plain = one.getDataStream(new JcePublicKeyDataDecryptorFactoryBuilder().setProvider(provider).build(unlocked(key)));
                byte[] content = checked(new JcaPGPObjectFactory(plain), certificate);
                if (!one.verify()) {
                    throw new PGPException("its hash is wrong");
                }
                return content;
            }
            throw new PGPException("no recipient is this one");
        }

        /** Under passwords, with a cipher by its number. */
        static byte[] lock(byte[] content, List<String> passwords, String cipher) throws Exception {
            PGPEncryptedDataGenerator sealer = new PGPEncryptedDataGenerator(
                    new JcePGPDataEncryptorBuilder(Integer.parseInt(cipher)).setWithIntegrityPacket(true).setProvider(BC));
            for (String one : passwords) {
                sealer.addMethod(new JcePBEKeyEncryptionMethodGenerator(one.toCharArray(),
                        new JcaPGPDigestCalculatorProviderBuilder().setProvider(BC).build().get(HashAlgorithmTags.SHA256)).setProvider(BC));
            }
            ByteArrayOutputStream made = new ByteArrayOutputStream();
            try (OutputStream sealed = sealer.open(made, new byte[8192]);
                    OutputStream plain = new PGPLiteralDataGenerator().open(sealed, 'b', "", content.length, new Date())) {
                plain.write(content);
            }
            return made.toByteArray();
        }

        static byte[] unlock(byte[] message, String password) throws Exception {
            Object first = new JcaPGPObjectFactory(PGPUtil.getDecoderStream(new ByteArrayInputStream(message))).nextObject();
            for (PGPEncryptedData each : (PGPEncryptedDataList) first) {
                PGPPBEEncryptedData one = (PGPPBEEncryptedData) each;
                InputStream plain = one.getDataStream(new JcePBEDataDecryptorFactoryBuilder(
                        new JcaPGPDigestCalculatorProviderBuilder().setProvider(BC).build()).setProvider(BC).build(password.toCharArray()));
                byte[] content = ((PGPLiteralData) new JcaPGPObjectFactory(plain).nextObject()).getInputStream().readAllBytes();
                if (!one.verify()) {
                    throw new PGPException("its hash is wrong");
                }
                return content;
            }
            throw new PGPException("it is under no password");
        }

        private byte[] checked(JcaPGPObjectFactory packets, String certificate) throws Exception {
            PGPOnePassSignature before = null;
            byte[] content = null;
            boolean isGood = false;
            for (Object one = packets.nextObject(); one != null; one = packets.nextObject()) {
                if (one instanceof PGPCompressedData) {
                    packets = new JcaPGPObjectFactory(((PGPCompressedData) one).getDataStream());
                } else if (one instanceof PGPOnePassSignatureList) {
                    before = ((PGPOnePassSignatureList) one).get(0);
                    before.init(new JcaPGPContentVerifierBuilderProvider().setProvider(provider), certificate(certificate).getPublicKey(before.getKeyID()));
                } else if (one instanceof PGPLiteralData) {
                    content = ((PGPLiteralData) one).getInputStream().readAllBytes();
                } else if (one instanceof PGPSignatureList && before != null) {
                    before.update(content);
                    isGood = before.verify(((PGPSignatureList) one).get(0));
                }
            }
            if (!isGood) {
                throw new PGPException("the signature is wrong");
            }
            return content;
        }
    }

    /**
     * `bench seal|bare|open PROVIDER ALGORITHM CIPHER KEY CERTIFICATE MAIL SECONDS`: mails and the CPU and wall nanoseconds that they took.
     * It runs warm: five seconds at least before it counts.
     */
    private static String bench(String[] words) throws Exception {
        String what = words[1];
        byte[] mail = read(words[7]);
        Job job = what.startsWith("pgp-") ? pgpJob(what, words, mail) : mailJob(what, words, mail);
        long nanos = (long) (Double.parseDouble(words[8]) * 1e9);
        long warm = System.nanoTime() + Math.max(5_000_000_000L, nanos);
        while (System.nanoTime() < warm) {
            once(job);
        }
        java.lang.management.ThreadMXBean clock = java.lang.management.ManagementFactory.getThreadMXBean();
        long cpu = clock.getCurrentThreadCpuTime();
        long begun = System.nanoTime();
        long count = 0;
        while (System.nanoTime() - begun < nanos) {
            once(job);
            count++;
        }
        return count + "\t" + (clock.getCurrentThreadCpuTime() - cpu) + "\t" + (System.nanoTime() - begun);
    }

    /** What is done over and over. */
    private interface Job {
        byte[] once() throws Exception;
    }

    private static Job mailJob(String what, String[] words, byte[] mail) throws Exception {
        Mails mails = new Mails(words[3], words[4], words[5], words[6], words[2].equals("jdk") ? null : words[2]);
        if (what.equals("open")) {
            byte[] sealed = mails.seal(mail);
            return () -> mails.open(sealed);
        }
        return what.equals("bare") ? () -> mails.sealBare(mail) : () -> mails.seal(mail);
    }

    /** The words are those of a mail; the algorithms are the key's. */
    private static Job pgpJob(String what, String[] words, byte[] mail) throws Exception {
        OpenPgp pgp = new OpenPgp(words[5], BC);
        if (what.equals("pgp-open")) {
            byte[] sealed = pgp.seal(mail, List.of(words[6]));
            return () -> pgp.open(sealed, words[6]);
        }
        return () -> pgp.seal(mail, List.of(words[6]));
    }

    private static void once(Job job) throws Exception {
        if (job.once().length == 0) {
            throw new GeneralSecurityException("nothing was made");
        }
    }
}
