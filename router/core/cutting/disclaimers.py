"""What a company's mail server adds under everything: the same few clauses in many words.

A disclaimer is judged as a whole and never by its first words: it speaks of the mail itself, has at
least three kinds of clause, and nobody in it speaks of himself.
"""

from __future__ import annotations

import re

#: Words of which each disclaimer has some, for whoever looks for one. In small letters.
HINTS: tuple[str, ...] = (
    *("confidential", "disclaimer", "privileged", "legal notice", "intended ", "addressee"),
    *("vertraulich", "confidentiel", "confidencia", "riservat", "vertrouwelijk", "конфиденциальн"),
    *(
        "poufn",
        "gizli",
        "保密",
        "误收",
        "誤收",
        "错收",
        "錯收",
        "免责声明",
        "免責聲明",
        "机密",
        "機密",
    ),
    *(
        " virus",
        "virus-",
        "virus ",
        "viren",
        "virenfrei",
        "вирус",
        "the environment",
        "before print",
        "imprimir",
    ),
    *("d'imprimer", "d\u2019imprimer", "umwelt", "打印", "列印", "病毒"),
)
_LONGEST = 6_000
_MOST_LINES = 40
_MOST_SAID = 220  # characters of one sentence of a notice
_ENOUGH = 3
_FEW_OTHERS = 5  # one sentence in so many may say something else

_MAIL = (
    r"(?:e-?mail|message|communication|transmission|mitteilung|nachricht|courriel|correo|mensaje"
    r"|comunicazione|comunicación|comunicação|mensagem|messaggio|bericht|письмо|сообщение|wiadomość|mesaj|e-?posta|[邮郵]件|信件|電郵"
    r"|电邮)"
)
#: That the mail itself is spoken of, not what the writer tells.
_ITSELF = re.compile(
    rf"\b(?:this|the|any|diese[rs]?|ce|cette|este|esta|presente|questa?|dit|deze|данное|это|ta|ten|bu)"
    rf" (?:\S{{1,20}} ){{0,3}}{_MAIL}"
    r"|(?:本|此|該|该)(?:封|份)?(?:电子|電子)?(?:[邮郵]件|信|電郵|电邮)",
    re.IGNORECASE,
)
_KINDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # secrecy
        (
            r"confidential|privileged|proprietary information|vertraulich|confidentiel|confidencia"
            r"|riservat|vertrouwelijk|конфиденциальн|poufn|\bgizli|保密|机密|機密|秘密"
        ),
        # whom it is meant for
        (
            r"intended (?:only|solely|exclusively|recipient|for)|addressee"
            r"|named (?:recipient|above)"
            r"|(?:sole|exclusive) use of|not the (?:intended|named|correct)|bestimmt|empfänger"
            r"|destinataire|destinatari|geadresseerde|bestemd|адресат|предназначен|adresat"
            r"|al\u0131c\u0131|(?:限|供).{0,14}(?:收件|使用|特定|指定|个人|個人)"
            r"|(?:指定|预期|預定|目标|特定)(?:的)?收件"
        ),
        # that its files are meant too
        (
            r"(?:and|or|with) (?:any |all |its |the )?(?:accompanying )?(?:files|attach|documents)"
            r"|及(?:其|所附|所有|任何)?附件|anhänge|anlagen|pièces jointes|adjuntos|anexos|allegati"
            r"|bijlagen|вложени|załącznik|ekleri"
        ),
        # received in error
        (
            r"(?:in|by) (?:error|mistake)|irrtümlich|par erreur|por error|por engano|per errore"
            r"|abusievelijk|по ошибке|ошибочно|przez pomyłkę|yanl\u0131şl\u0131kla"
            r"|(?:误|誤|错|錯)[收发發]|错误地?收到|錯誤地?收到"
            r"|非.{0,6}收件[人者]|不是.{0,8}收件[人者]"
        ),
        # tell the sender
        (
            r"(?:notify|inform|advise|alert|tell) (?:\S+ ){0,3}(?:sender|us|originator|author)"
            r"|contact (?:the )?sender|absender|l'expéditeur|remitente|remetente|mittente|afzender"
            r"|отправител|nadawc|gönder[ei]n"
            r"|(?:通知|告知|联系|聯絡|回复|回覆).{0,8}(?:发件|發件|寄件)"
            r"|(?:发件|發件|寄件)[人者].{0,6}(?:通知|联系)"
        ),
        # delete it
        (
            r"delet\w+|destroy\w*|\berase|lösch|vernicht|supprim|détrui|elimin|borr[ae]|apag"
            r"|cancell"
            r"|distrugg|verwijder|vernietig|удалит|уничтож|usun|silin|删除|刪除|销毁|銷毀"
        ),
        # what is forbidden
        (
            r"unauthori[sz]ed|prohibited|forbidden|must not|may not be"
            r"|should not (?:read|copy|use|disclose|disseminate|distribute|retain)|untersagt"
            r"|nicht gestattet|verboten|interdit|prohibid|proibid|vietat|verboden"
            r"|niet toegestaan|запрещен|zabronion|yasak"
            r"|禁止|严禁|嚴禁|不得|切勿"
        ),
        # liability and harm
        (
            r"virus|malware|liab(?:le|ility)|warrant(?:y|ies|ed)|no responsibility|guarantee"
            r"|haftung"
            r"|haften|responsabilit|aansprakelijk|ответственност|odpowiedzialno|sorumlulu"
            r"|病毒|責任|责任|不保证|不保證"
        ),
    )
)
#: What stands beside the clauses and counts for none of them.
_BESIDES = re.compile(
    r"environment|before printing|opinions? |views? |registered (?:in|office|number)|thank you"
    r"|disclaimer|legal notice|monitor|intercept|as[- ]is|attach|umwelt|ausdrucken|ansicht"
    r"|environnement|imprim|ambiente|environ|milieu|registergericht|geschäftsführer|handelsregister"
    r"|personal data|data protection|datenschutz|privacy"
    r"|环保|環保|打印|列印|观点|觀點|声明|聲明|谢谢|謝謝|法律",
    re.IGNORECASE,
)
#: Somebody speaks who has a matter of their own.
_SPEAKS = re.compile(
    r"\b(?:(?-i:I)|i'm|i've|my|me|mine|ich|mein\w*|je|mon|mes|yo|mi|mis|meu|minha|io|mio|ik|mijn"
    r"|мой|мои|моя|меня|мне)\b|我(?!司|方|公司|们公司|們公司)|咱",
    re.IGNORECASE,
)
#: The writer is nobody with a matter where a reader shall tell him of the error.
_TOLD = re.compile(r"\b(?:notify|inform|tell|contact|advise|let) me\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n\s*\n")
_LETTER = re.compile(r"\w")
_SHORT, _SHORT_HAN = 40, 6  # characters of a sentence that says nothing
_HAN = re.compile(r"[\u3400-\u9fff]")


def is_disclaimer(lines: list[str]) -> bool:
    """Whether these lines, to the last of them, are nothing else."""
    if len(lines) > _MOST_LINES or sum(map(len, lines)) > _LONGEST:
        return False
    text = "\n".join(line.strip(" \t*_|>") for line in lines)
    if _ITSELF.search(text) is None:
        return False
    if sum(kind.search(text) is not None for kind in _KINDS) < _ENOUGH:
        return False
    if speaks(text):
        return False
    sentences = [one for one in _SENTENCE.split(text) if _LETTER.search(one)]
    others = [one for one in sentences if _says(one) and not _belongs(one)]
    return len(others) * _FEW_OTHERS <= len(sentences)


#: What scanners of mail say of it, and what asks not to print it: each a whole sentence.
_SCANNED = re.compile(
    r"(?:checked|scanned|certified|geprüft|überprüft|gescannt|vérifiée?|analysée?|comprobad|analizad"
    r"|verificad|escanead|controllat|gecontroleerd|gescand|проверен|sprawdzon|skontrolov)",
    re.IGNORECASE,
)
_SCANNER = re.compile(r"vir(?:us|en)|wirus|вирус|malware|mailscanner", re.IGNORECASE)
#: It begins with the mail: what else was scanned, and had a virus, is somebody's trouble.
_OF_MAIL = re.compile(
    rf"(?:{_ITSELF.pattern}|cet e-mail|l['\u2019]absence de virus|t[ao]to (?:zpráva|správa))"
    r"(?!.*\b(?:says?|said|claims?)\b)",
    re.IGNORECASE,
)
_SPARED = r"(?:考[虑慮]|保[护護]|爱护|愛護|珍惜|支持).{0,6}(?:环境|環境|环保|環保|地球)"
_NOTICE = re.compile(
    r"virus[- ]free|virenfrei|sans virus|libre de virus|livre de vírus|senza virus|virusvrij"
    r"|без вирусов|不含病毒|无病毒|no virus found in this .{0,12}message|checked by avg.{0,60}"
    r"|(?:and is )?believed to be clean|version: [\d./ ]+.{0,60}release date.{0,40}"
    r"|(?:please |p )?(?:consider|think|save|protect).{0,60}(?:environment|planet|trees?|paper)"
    r"(?:.{0,40}(?:print|paper|tree).{0,40})?"
    r"|.{0,60}environment.{0,30}before (?:you )?print.{0,40}"
    r"|(?:before|avoid) (?:you )?print.{0,60}(?:environment|planet|trees?|necessary).{0,30}"
    r"|.{0,60}(?:umwelt.{0,60}druck|druck.{0,60}umwelt).{0,40}"
    r"|.{0,60}(?:environnement.{0,40}imprim|imprim.{0,60}environnement).{0,40}"
    r"|.{0,60}(?:medio ambiente.{0,40}imprim|imprim.{0,60}(?:medio|meio) ambiente).{0,40}"
    rf"|.{{0,12}}{_SPARED}.{{0,20}}(?:打印|列印).{{0,12}}|.{{0,12}}(?:打印|列印).{{0,12}}{_SPARED}.{{0,12}}",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"[<\[(]?\s?(?:https?://[^\s<>\])]{1,300}|www\.[a-z0-9./-]{3,60})\s?[>\])]?", re.IGNORECASE
)
_MOST_OF_A_NOTICE = 8  # lines
_NOTICE_ENDS = re.compile(r"(?<=[.!。！])\s+|(?<=[。！])")


def is_notice(lines: list[str]) -> bool:
    """Whether these lines are what a scanner or a printer's friend adds to every mail."""
    if len(lines) > _MOST_OF_A_NOTICE or sum(map(len, lines)) > _LONGEST:
        return False
    text = " ".join(" ".join(map(without_links, lines)).split())
    said = [one.strip(" .!。！*_-|") for one in _NOTICE_ENDS.split(text)]
    said = [one for one in said if _LETTER.search(one)]
    return bool(said) and not speaks(text) and all(map(_is_said_of_mail, said))


def without_links(line: str) -> str:
    """A line without the addresses of pages in it."""
    return _LINK.sub(" ", line) if len(line) < _LONGEST else line


def _is_said_of_mail(sentence: str) -> bool:
    short = len(sentence) < _MOST_SAID and _OF_MAIL.match(sentence) is not None
    scanned = short and _SCANNED.search(sentence) and _SCANNER.search(sentence)
    return bool(scanned) or _NOTICE.fullmatch(sentence) is not None


def speaks(text: str) -> bool:
    """Whether somebody tells of himself."""
    return _SPEAKS.search(_TOLD.sub("", text)) is not None


def _says(sentence: str) -> bool:
    return len(sentence) > _SHORT or len(_HAN.findall(sentence)) > _SHORT_HAN


def _belongs(sentence: str) -> bool:
    return any(kind.search(sentence) for kind in _KINDS) or _BESIDES.search(sentence) is not None
