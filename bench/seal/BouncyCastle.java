import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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

    /**
     * `bench seal|open PROVIDER ALGORITHM CIPHER KEY CERTIFICATE MAIL SECONDS`: mails and the CPU and wall nanoseconds that they took.
     * It runs warm: half as long again before it counts.
     */
    private static String bench(String[] words) throws Exception {
        Mails mails = new Mails(words[3], words[4], words[5], words[6], words[2].equals("jdk") ? null : words[2]);
        byte[] mail = read(words[7]);
        boolean isSealing = words[1].equals("seal");
        byte[] given = isSealing ? mail : mails.seal(mail);
        long nanos = (long) (Double.parseDouble(words[8]) * 1e9);
        long warm = System.nanoTime() + nanos / 2;
        while (System.nanoTime() < warm) {
            once(mails, given, isSealing);
        }
        java.lang.management.ThreadMXBean clock = java.lang.management.ManagementFactory.getThreadMXBean();
        long cpu = clock.getCurrentThreadCpuTime();
        long begun = System.nanoTime();
        long count = 0;
        while (System.nanoTime() - begun < nanos) {
            once(mails, given, isSealing);
            count++;
        }
        return count + "\t" + (clock.getCurrentThreadCpuTime() - cpu) + "\t" + (System.nanoTime() - begun);
    }

    private static void once(Mails mails, byte[] given, boolean isSealing) throws Exception {
        byte[] made = isSealing ? mails.seal(given) : mails.open(given);
        if (made.length == 0) {
            throw new GeneralSecurityException("nothing was made");
        }
    }
}
