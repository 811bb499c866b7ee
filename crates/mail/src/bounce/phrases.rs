//! How servers word a failed delivery, one row per cause: data that nothing but [`super::cause`] reads.
//!
//! The text is lower case, on one line, without addresses, links and codes. The first row that fits counts: what names
//! a cause for sure stands before what many causes share. Word boundaries are those of ASCII, which an automaton can find
//! in any text; for those of Unicode the expressions would be simulated, at a hundred times the cost.

use crate::message::BounceCause;

pub(super) const PHRASES: &[(BounceCause, &str)] = &[
    // Exchange Online's words for an address that it does not know, cPanel's for whatever it cannot reach, Google's for
    // an account that was set up wrongly.
    (BounceCause::AddressUnknown, r"recipient address rejected: access denied|account or domain may not exist"),
    (BounceCause::Refused, r"'send mail as'"),
    (BounceCause::MailboxFull, FULL),
    (BounceCause::NoMailAccepted, NO_MAIL),
    (BounceCause::Refused, SENDER_OR_CONTENT),
    (BounceCause::Moved, MOVED),
    (BounceCause::TooLarge, TOO_LARGE),
    (BounceCause::Suspended, SUSPENDED),
    (BounceCause::HostUnknown, HOST_UNKNOWN),
    (BounceCause::AddressUnknown, ADDRESS_UNKNOWN),
    (BounceCause::Unreachable, UNREACHABLE),
    (BounceCause::ServerFault, SERVER_FAULT),
    (BounceCause::AddressUnknown, r"(?:recipient|address) rejected"),
    (BounceCause::Refused, r"reject|denied|refus|prohibited|forbidden|not accept|not allowed|blocked"),
];

const FULL: &str = concat!(
    r"(?:mail ?box|inbox|mail ?folder|mail ?drop|account|user|recipient)(?:'s)?[^.;]{0,40} (?:is |are )?(?:currently )?(?:full|over ?quota)",
    r"|mailbox full|mailbox_full|mailboxfull|over ?quota|(?:over|out of|beyond) (?:its |the |their |his |disk )?(?:quota|storage|allotted)",
    r"|quota (?:has been |was |is |limit )?(?:exceed|full|reached|violation)|exceed\w*[^.;]{0,40}(?:quota|storage|mailbox|allowed space)",
    r"|quotaexceeded|mailbox[^.;]{0,40}(?:exceed|size limit)|(?:not enough|insufficient|no more|lack of|out of) (?:mailbox |mail |user )?(?:storage|space|room)(?: (?:in|for|left|available) .{0,12}(?:mailbox|recipient|user))",
    r"|too much mail data|too many messages (?:in|on) |full mailbox|user has (?:exceeded|too many messages)",
    r"|postfach[^.;]{0,40}(?:voll|überfüllt|quota)|(?:speicherplatz|quota|kontingent)[^.;]{0,40}(?:überschritten|erschöpft|voll)",
    r"|bo[iî]te[^.;]{0,40}(?:pleine|satur)|quota[^.;]{0,20}d[eé]pass[eé]",
    r"|buz[oó]n[^.;]{0,40}llen[oa]|cuota[^.;]{0,30}(?:excedid|superad)|casella[^.;]{0,30}piena|caixa[^.;]{0,40}cheia|mailbox[^.;]{0,30}is vol|postvak[^.;]{0,30}vol",
    r"|skrzynk\w+[^.;]{0,30}(?:pełna|przepełnion)|(?:ящик|почтов)[^.;]{0,40}(?:переполнен|заполнен)|квот\w+[^.;]{0,20}превышен",
    r"|メールボックスが(?:一杯|いっぱい|満杯)|容量[^。]{0,12}(?:超|オーバー|不足)|(?:邮箱|郵箱|信箱|空间|空間)[^。，]{0,12}(?:已满|已滿|满|滿|超)|(?:사서함|메일함|편지함)[^.]{0,16}(?:가득|초과)",
);

const NO_MAIL: &str = concat!(
    r"null ?mx|does(?:n't| not) (?:accept|receive) (?:any )?(?:e-?mail|mail)|(?:host|domain)[^.;]{0,40}(?:not accept|never accept|accepts? no) (?:e-?mail|mail|smtp)",
    r"|no mx record (?:found )?for|couldn't find a mail exchanger|does not have any mail exchanger|not (?:a )?mail (?:host|server) for",
);

/// What is wrong with the sender, its server or the text of the mail, so that the address may well be good.
const SENDER_OR_CONTENT: &str = concat!(
    r"(?-u:\b)dmarc(?-u:\b)|(?-u:\b)spf(?-u:\b)|(?-u:\b)dkim(?-u:\b)|unauthenticated|not authenticated|authentication (?:required|checks? failed|information)|requires? auth|authrequired|smtp auth",
    r"|sender (?:address|domain|rejected|denied|verify|verification|policy|ip|id|is|was|not|not allowed)|domain of sender|sending (?:domain|ip|server|mta|host)|senders? (?:are |is )?not allowed|from: ?(?:header|domain|address)|valid from:?|valid sender|sender domain|invalid (?:from|sender)",
    r"|your (?:ip|host|server|domain|mail server|network) .{0,30}(?:block|list|ban|reject|reputation)|spam|(?-u:\b)ube(?-u:\b)|(?-u:\b)ubl(?-u:\b)|unsolicited|junk mail|black ?-?list|block ?-?list|deny ?-?list|(?:is|are|was|been|currently|address|ip) listed (?:in|at|on|by)|blocked (?:using|by|for|because|due|ip|at)|(?:has been|was|is|been|were) blocked|dnsbl|(?-u:\b)rbls?(?-u:\b)|(?-u:\b)rbl:|spamhaus|spamcop|barracuda|reputation",
    r"|banned|client host|(?-u:\b)host rejected|access denied|access not allowed|reverse dns|(?-u:\b)ptr(?-u:\b)|(?-u:\b)rdns(?-u:\b)|reverse[- ](?:mapping|lookup)|(?:ip )?name lookup failed|unverifiable|mismatches client|may not be mail exchanger",
    r"|relay(?:ing)?(?: access)? (?:is )?(?:denied|not|prohibited|operation|mail)|(?:not|no|insecure|open|unable to|cannot|can't|permitted to|do(?:es)? not) (?:mail )?relay|relaying|not local(?:ly)? host",
    r"|polic(?:y|ies)|virus|malware|phish|infected|trojan|suspicious|content (?:reject|filter|block|presents|not accept|restrict)|message content|media error|message (?:was |has been )?(?:filtered|blocked|refused|rejected)|mail (?:was |has been )?(?:rejet|rejected)|email (?:was |has been )?rejected|header error|bad header|rfc ?(?:2822|5322|2821)|not rfc|compliant|multiple addresses in from|8-bit data|bare (?:lf|cr|newline|line)|protocol violation|non-?ascii|attachment",
    r"|smtp server of your isp|not author|not permitted|unauthorized|security (?:polic|reason|violat|block|issue|check|restrict)|permission to (?:send|post|deliver)|not (?:a )?member|only (?:members|subscribers)|moderat|administrative prohibition|email address is not verified|not verified|google groups|group[^.;]{0,60}(?:reject|not exist or|permission|posting)",
    r"|too many (?:recipients|connections|sessions|messages (?:this|per|from|sent)|concurrent)|rate[- ]limit|ratelimit|throttl|frequency limited|frequency|receiving mail at a rate|sending too|too fast|too quickly|exceeded .{0,24}(?:rate|hour|messages per|connection)|messages per|gr[ea]y-?list|deferred due to|complain",
    r"|nicht berechtigt|abgelehnt wegen|als spam|richtlinie|ind[eé]sirable|pourriel|rejet[eé]e? (?:pour|par)|correo no deseado|directiva|迷惑メール|受信拒否|拒否され|垃圾邮件|垃圾郵件|被拦截|спам|отклонен",
);

const MOVED: &str = concat!(
    r"user not local|not our customer|(?:has|have|was) moved|forwarding address|please (?:try|forward|use) (?:the )?(?:new|other)|new (?:e-?mail )?address (?:is|for)|address (?:has )?changed|changed (?:his|her|their|its|my) (?:e-?mail )?address|has been replaced (?:by|with)",
    r"|neue (?:e-?mail-?)?adresse|nouvelle adresse|nueva direcci[oó]n",
);

const TOO_LARGE: &str = concat!(
    r"(?:message|mail|e-mail|email|attachment|header)s? (?:size |file |length |is |was |body |that you sent )*(?:too (?:large|big|long)|exceed|larger)|too (?:large|big)|size limit|maximum (?:message |allowed |file )?size|message size|larger than the (?:current|maximum)",
    r"|zu groß|zu gross|trop (?:gros|volumineux|grand)|demasiado grande|troppo grande|muito grande|слишком большо|サイズ[^。]{0,20}(?:超|大き)|(?:邮件|郵件)[^。，]{0,10}(?:过大|過大|太大)",
);

const SUSPENDED: &str = concat!(
    r"(?:account|mail ?box|user|recipient|customer|address)[^.;]{0,60}(?:disabled|locked|suspended|frozen|deactivated|not active|not activated|is blocked|closed|on hold|temporarily unavailable|out of service)",
    r"|(?:disabled|suspended|locked|inactive|deactivated|frozen|expired|blocked|dormant) (?:recipient|account|user|mail ?box|customer)|account (?:is )?(?:inactive|expired|not active|terminated)|user (?:is )?inactive|(?:account|mailbox|user) inactive|(?:blocked|closed|disabled|suspended) (?:due to|because of|for) inactivity",
    r"|konto[^.;]{0,30}(?:gesperrt|deaktiviert)|compte[^.;]{0,40}(?:bloqu|d[eé]sactiv|suspendu|ferm)|cuenta[^.;]{0,40}(?:bloquead|desactivad|deshabilitad|suspendid)|conta[^.;]{0,30}(?:bloquead|desativad|suspens)|ящик[^.;]{0,30}заблокирован|(?:帐号|账号|帳號|邮箱)[^。，]{0,10}(?:停用|禁用|冻结|凍結)",
);

const HOST_UNKNOWN: &str = concat!(
    r"host unknown|unknown host|unknown mail host|host not found|host or domain name not found|(?:host|server|domain)s?(?: name)? (?:is |was |could |can )*(?:not|n't|cannot) (?:be )?(?:found|resolved|exist|valid)|no such (?:domain|host)|(?:bad|invalid|illegal|unknown) (?:destination )?(?:system|host|domain)|unrout(?:e)?able|not routable|no route to (?:domain|host .{0,40}domain)",
    r"|domain[^.;]{0,60}(?:does(?:n't| not) exist|not exist|unknown|not found|invalid|has no mail|no longer exist|is not hosted|may not exist)|nxdomain|(?:couldn't|could not|cannot|can't|unable to) (?:find|resolve|look ?up)[^.;]{0,30}(?:host|domain|mx|mail server|address record|dns)|no (?:mx|a|dns|valid mx)[^.;]{0,20} records?|bad mx|no mx(?-u:\b)|dns[^.;]{0,30}(?:non-?existent|no such|not found)|not listed in (?:the )?dns",
    r"|(?-u:\b)[a-z0-9-]+\.[a-z]{2,}(?:\.[a-z]{2,})? does not exist|domain missing|no mail hosts? for|hostunknown|name or service not known|unknown domain|domäne[^.;]{0,30}(?:nicht gefunden|existiert nicht|unbekannt)|domaine[^.;]{0,30}(?:inconnu|introuvable|n'existe pas)|dominio[^.;]{0,30}(?:desconocido|no existe|inesistente)|домен[^.;]{0,20}не (?:найден|существует)|ドメイン[^。]{0,12}(?:存在し|見つかり)|域名[^。，]{0,8}不存在",
);

const ADDRESS_UNKNOWN: &str = concat!(
    r"(?:user|recipient|account|mail ?box|addressee|local ?part|address|alias|destination|username|member|customer|subscriber|userid)s?(?: name| address(?:es)?| id)?(?:\(s\))?[ :,\-]{1,3}(?:[^.;]{0,40} )?(?:is |are |was |were |has |could |can ?|may )*(?:unknown|not (?:be )?(?:found|known|exist|recogni[sz]ed|valid|listed|registered|available|present|located|local)|un?recogni[sz]ed|invalid|nonexist\w*|non-exist\w*|unavailable|undeliverable|does(?:n't| not) exist|no longer|not a valid|gone|removed|deleted|unlisted|inexist\w*)",
    r"|(?:unknown|invalid|no such|no valid|not a valid|illegal|bad|non-?existent|nonexistant|unrecogni[sz]ed|undeliverable|inactive e-?mail|incorrect|wrong) (?:or (?:illegal|invalid) )?(?:e-?mail |mail |final |delivery |local |destination |virtual |gateway )*(?:user|userid|recipient|account|mail ?box|address|addressee|alias|local ?part|name|person|destination|identifier|customer|subscriber|member)",
    r"|user unknown|unknown user|userunknown|user_unknown|nosuchuser|recipnotfound|recipientnotfound|no (?:mail ?box|account|user|one|person|recipient)s? (?:here|by that|with (?:this|that)|of that|named|called|matching)|does(?:n't| not) (?:exist|have an?)|do not exist|doesn't have|not (?:exist|our user|a known|a registered|known (?:at|here|to))|isn't (?:a |known|recogni|valid|found)|(?:wasn't|was not|couldn't be|could not be|cannot be|can't be) found|not found (?:in|at|by)|not listed in|not in (?:the )?(?:directory|address book|our)|no longer (?:exist|valid|available|active|in use|with|works|employed|on server)|(?:has|have) left the company|addressee unknown|not known at this|no valid recipient|check if (?:the )?address is correct|unknown address|unknown extension|not handled here|mail receiving disabled|who are you looking|nobody here|name is not recogni[sz]ed|list of recipients .{0,20}invalid",
    r"|empf[äa]nger[^.;]{0,60}(?:unbekannt|nicht gefunden|existiert nicht|ung[üu]ltig|abgelehnt)|(?:benutzer|adresse|e-mail-adresse|konto|postfach)[^.;]{0,60}(?:unbekannt|nicht gefunden|existiert nicht|ung[üu]ltig|nicht vorhanden|konnte nicht gefunden|wurde nicht gefunden)|unbekannte[rs]? (?:benutzer|empf|adresse)|kein solcher|(?:im |nicht im )[^.;]{0,40}(?:verzeichnis|adressbuch)[^.;]{0,12}nicht (?:aufgef[üu]hrt|gefunden|enthalten)|n'est pas r[eé]pertori|non (?:è )?(?:elencato|presente) n|no (?:figura|aparece) en (?:el|la) (?:directorio|libreta)",
    r"|(?:utilisateur|destinataire|adresse|compte|bo[iî]te)[^.;]{0,60}(?:inconnu|invalide|inexistant|n'existe pas|introuvable|non trouv|erron)|(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n)[^.;]{0,60}(?:desconocid|no existe|no encontrad|no se (?:ha )?encontr|inv[aá]lid|no v[aá]lid|inexistente|rechazad)",
    r"|(?:utente|destinatario|indirizzo|casella)[^.;]{0,60}(?:sconosciut|inesistente|non esiste|non valid|non trovat)|(?:usu[aá]rio|destinat[aá]rio|endere[cç]o|conta|caixa)[^.;]{0,60}(?:desconhecid|n[aã]o existe|n[aã]o encontrad|inv[aá]lid|inexistente)|(?:gebruiker|geadresseerde|adres|mailbox)[^.;]{0,40}(?:onbekend|bestaat niet|niet gevonden|ongeldig)|(?:użytkownik|odbiorc|adres|konto)\w*[^.;]{0,40}(?:nieznan|nie istnieje|nie znaleziono|nieprawidłow)",
    r"|(?:пользовател|получател|адрес|ящик|учетн)[^.;]{0,50}(?:не найден|не существует|неизвест|не обнаружен|недействит|отсутств)|нет такого (?:пользователя|адреса|ящика)|(?:メール)?アドレス[^。]{0,16}(?:存在し|見つか|間違|正しくな)|(?:ユーザ|宛先|受信者)[^。]{0,24}(?:存在し|見つか|不明)|見つかりません|見つからない|リストに(?:は)?ありません|存在しません|(?:收件人|用户|用戶|使用者|邮箱|郵箱|信箱|帐号|账号|地址|邮件地址)[^。，]{0,16}(?:不存在|未找到|无效|無效|错误|不正确|找不到)|找不到(?:收件人|该用户|用户)|(?:사용자|수신자|받는 사람|계정|주소|메일)[^.]{0,20}(?:없|찾을 수|존재하지)",
);

const UNREACHABLE: &str = concat!(
    r"timed[ -]out|time[- ]?out|connection (?:was |has been )?(?:refused|lost|dropped|reset|closed|failed|terminated|aborted|broken)|(?:could not|couldn't|cannot|can't|unable to|failed to) (?:connect|establish|contact|reach|open|deliver message after)|no route to|network (?:is )?unreachable|network error|host (?:is )?(?:down|unreachable)|lost connection|conversation with|server refused to talk|service not available, closing",
    r"|retry time|retries|too long|giving up|could not deliver for the last|not accept our requests? to connect|delivery (?:time )?expired|message expired|expired|has been delayed|is delayed|delayed for|hop count|too many hops|mail loop|loops? back|mail forwarding loop|routing loop|not yet been delivered|not been able to|aborted after|not responding|no answer|bad connection|socket error|deferred|temporar|try(?:ing)? again|later|name service error|name server|lookup (?:failure|failed|error)|dns error|dns lookup|unreachable",
    r"|zeitüberschreitung|verzögert|später erneut|d[eé]lai (?:d[eé]pass|expir)|plus tard|tiempo de espera|m[aá]s tarde|retrasad|отложен|позже|превышен\w* (?:время|интервал)|タイムアウト|遅延|超时|逾時|稍后|延迟",
);

const SERVER_FAULT: &str = concat!(
    r"(?:internal|system|server|software|local|mailer|database|disk|i/o|configuration|program|read|write|queue file write|processing) (?:system |server |software |configuration )?(?:error|failure|problem)",
    r"|insufficient (?:disk|system)|out of (?:memory|disk)|no space left|command (?:failed|output|parameter|not (?:implemented|recogni[sz]ed)|died|time limit)|transaction failed|service (?:is )?(?:currently |temporarily )?(?:unavailable|not available)|(?:improper|bad|wrong|invalid) sequence|sequence of commands|not support tls|starttls|tls (?:is )?required|must issue|pipe to|generated by|child status|exit (?:code|status)|unable to (?:open|create|write|lock)|can't create|cannot (?:open|create|write)|syntax error|remote protocol error|not implemented|deliver\w* agent",
);
