// Folder
