import HTTP
import Testing

@Suite struct StatusPhraseTests {
    @Test(arguments: [
        (200, "OK"), (404, "Not Found"), (431, "Request Header Fields Too Large"), (504, "Gateway Timeout"),
        (199, "Informational"), (299, "Success"), (399, "Redirection"), (499, "Client Error"), (599, "Server Error"),
    ]) func phrases(status: Int, phrase: String) {
        #expect("\(StatusPhrase.phrase(for: status))" == phrase)
    }
}
