// SealedFile
